import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type CatalogueEntry, slugOf } from './catalogue.ts';
import type { PeerSetting } from './peer.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const INSTALL_MS = 300_000;
const NPM_FLAGS = [
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--save-exact',
  '--loglevel=error',
];
const run = promisify(execFile);

/** A peer that can be started. */
export interface InstalledPeer {
  readonly entry: CatalogueEntry;
  readonly setting: PeerSetting;
  /** The Node.js binary for its process. */
  readonly nodePath: string;
  readonly nodeVersion: string;
  /** The version of the measured package, or of this project. */
  readonly version: string;
}

/** Where peers are installed, and how to start this project's host. */
export interface InstallOptions {
  /** A folder outside the project. Its contents are reused. */
  readonly scratch: string;
  /** The command of this project's host; null for a fresh build. */
  readonly hostCommand: readonly string[] | null;
}

/**
 * Makes a peer ready to start: installs its packages from the npm registry, without running their
 * scripts, or builds this project as it is published.
 *
 * @throws If that fails; the message is for readers.
 */
export async function install(
  entry: CatalogueEntry,
  options: InstallOptions,
): Promise<InstalledPeer> {
  const { scratch, hostCommand } = options;
  const here = { nodePath: process.execPath, nodeVersion: process.version };
  if (entry.own) {
    const { folder, version } = await built(scratch);
    const command = hostCommand ?? [process.execPath, join(folder, 'bin/codex-code-mode-host.js')];
    return { entry, ...here, version, setting: { entry: '', folder, command } };
  }
  const folder = join(scratch, slugOf(`${entry.id}@${Object.values(entry.packages)[0] ?? '0'}`));
  const versions = Object.entries(entry.packages).map(([name, version]) => `${name}@${version}`);
  if (versions.length > 0) await installPackages(folder, versions);
  else mkdirSync(folder, { recursive: true });
  const lines = entry.imports.map((name, n) => `export * as p${n} from '${name}';\n`);
  const module = join(folder, 'entry.mjs');
  writeFileSync(module, lines.join(''));
  const node = entry.node === 'here' ? here : await installNode(scratch, entry.node);
  return {
    entry,
    ...node,
    version: Object.values(entry.packages)[0] ?? process.version,
    setting: { entry: module, folder, command: commandOf(entry, folder) },
  };
}

async function installPackages(folder: string, versions: readonly string[]): Promise<void> {
  const done = join(folder, 'installed.json');
  const wanted = JSON.stringify(versions);
  if (existsSync(done)) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await run('npm', ['install', ...NPM_FLAGS, ...versions], { cwd: folder, timeout: INSTALL_MS });
  writeFileSync(done, wanted);
}

/** Another version of Node.js, from the packages with only its binary. */
async function installNode(scratch: string, version: string) {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const folder = join(scratch, `${name}@${version}`);
  await installPackages(folder, [`${name}@${version}`]);
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  return { nodePath: join(folder, 'node_modules', name, 'bin', file), nodeVersion: `v${version}` };
}

/** The program of the entry, or the host in the platform package of `@openai/codex`; empty for others. */
function commandOf({ program }: CatalogueEntry, folder: string): readonly string[] {
  if (program !== undefined) return [process.execPath, join(import.meta.dirname, program)];
  const pattern = 'node_modules/@openai/codex-*/vendor/*/bin/codex-code-mode-host{,.exe}';
  return globSync(pattern, { cwd: folder })
    .map((path) => join(folder, path))
    .slice(0, 1);
}

let building: Promise<{ readonly folder: string; readonly version: string }> | null = null;

/** This project as it is published: built JavaScript, and its dependencies from the registry. */
function built(scratch: string) {
  building ??= build(join(scratch, 'cellhost'));
  return building;
}

async function build(folder: string) {
  mkdirSync(folder, { recursive: true });
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const config = join(ROOT, 'tsconfig.build.json');
  const dist = join(folder, 'dist');
  rmSync(dist, { recursive: true, force: true });
  try {
    await run(process.execPath, [compiler, '-p', config, '--outDir', dist], {
      timeout: INSTALL_MS,
    });
  } catch (error) {
    // It emits files even if there are type errors.
    if (!existsSync(join(dist, 'sandbox/cellhost.js'))) throw error;
  }
  const bundle = ['--disable-warning=ExperimentalWarning', join(ROOT, 'bundle/run.ts'), dist];
  await run(process.execPath, bundle, { timeout: INSTALL_MS });
  await cp(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
  const manifest = readFileSync(join(ROOT, 'package.json'), 'utf8');
  const { name, version, type, dependencies } = JSON.parse(manifest);
  const installed = JSON.stringify({ name, version, type, private: true, dependencies });
  const file = join(folder, 'package.json');
  const same = existsSync(file) && readFileSync(file, 'utf8') === installed;
  writeFileSync(file, installed);
  if (!same || !existsSync(join(folder, 'node_modules'))) {
    await run('npm', ['install', ...NPM_FLAGS], { cwd: folder, timeout: INSTALL_MS });
  }
  return { folder, version: String(version) };
}
