import { existsSync } from 'node:fs';
import { createRequire, getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEntry } from './child-entry.ts';
import { isPrivateFolder } from './private-folder.ts';

/** How a sandbox process is started. */
export interface EngineStart {
  /** What Node.js is told: permissions, bounds and the entry. */
  readonly args: readonly string[];
  /** All that it is given of an environment. */
  readonly env: Readonly<Record<string, string>>;
  /** A folder in which no core can be written, even with the permissions of an administrator. */
  readonly cwd: string;
}

const ENVIRONMENT: Readonly<Record<string, string>> = {
  TZ: 'UTC',
  LANG: 'C.UTF-8',
  // So that glibc gives large pieces of memory back as soon as they are freed.
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** Found at import, so that a bundle fails there and not at its first cell. */
const ENTRY = childEntry(import.meta.url);

/**
 * @param nodePath Which Node.js is started.
 * @param compiled The folder where compiled code is kept: it may be written until
 *   `giveUpPermissions`. Default: the one of this process, if the engine has to take types away
 *   at each start, and can give a permission up, and if nobody else can write into the folder.
 */
export function engineStart(nodePath: string, compiled = sharedCache(nodePath)): EngineStart {
  const entry = fileURLToPath(ENTRY);
  const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
  const modules = dirname(dirname(createRequire(import.meta.url).resolve('isolated-vm')));
  const cache =
    compiled === undefined ? [] : [`--allow-fs-read=${compiled}`, `--allow-fs-write=${compiled}`];
  const args = [
    '--permission',
    // This module takes no notice of permissions.
    '--no-experimental-sqlite',
    '--allow-addons',
    `--allow-fs-read=${packageRoot}`,
    `--allow-fs-read=${modules}`,
    // What isolated-vm's loader asks for to tell one C library from another.
    '--allow-fs-read=/etc/alpine-release',
    ...cache,
    '--max-old-space-size=512',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    entry,
  ];
  const env =
    compiled === undefined ? ENVIRONMENT : { ...ENVIRONMENT, NODE_COMPILE_CACHE: compiled };
  return { args, env, cwd: existsSync('/proc/self') ? '/proc' : '/' };
}

function sharedCache(nodePath: string): string | undefined {
  const versioned = getCompileCacheDir();
  const canGiveUp = nodePath === process.execPath && isAtLeast(26, 10);
  if (!ENTRY.pathname.endsWith('.ts') || !canGiveUp || !versioned) return undefined;
  const folder = dirname(versioned);
  return isPrivateFolder(folder) ? folder : undefined;
}

function isAtLeast(major: number, minor: number): boolean {
  const [ourMajor = 0, ourMinor = 0] = process.versions.node.split('.').map(Number);
  return ourMajor > major || (ourMajor === major && ourMinor >= minor);
}
