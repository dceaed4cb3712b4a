import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';

/** Where and when figures were taken. Figures of two machines cannot be compared. */
export interface Circumstances {
  /** ISO 8601, UTC. */
  readonly date: string;
  /** The commit, with `+` if files were changed since; null if git does not know it. */
  readonly commit: string | null;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly platform: string;
  /** Runnable processes over the last minute; above `cores`, figures are too high. */
  readonly load: number;
  readonly node: string;
  readonly v8: string;
  readonly isolatedVm: string;
}

/** The circumstances now. */
export function circumstances(): Circumstances {
  const cores = cpus();
  return {
    date: new Date().toISOString(),
    commit: commit(),
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memoryMiB: Math.round(totalmem() / (1 << 20)),
    platform: `${process.platform} ${process.arch}`,
    load: loadavg()[0] ?? 0,
    node: process.version,
    v8: process.versions.v8,
    isolatedVm: isolatedVmVersion(),
  };
}

function isolatedVmVersion(): string {
  const manifest: { readonly version: string } = createRequire(import.meta.url)(
    'isolated-vm/package.json',
  );
  return manifest.version;
}

function commit(): string | null {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', 'HEAD') + (changed ? '+' : '');
  } catch {
    return null;
  }
}
