import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEntry } from './child-entry.ts';
import { moduleFolders } from './module-folders.ts';
import { isPrivateFolder } from './private-folder.ts';

/** How a sandbox process is started. */
export interface EngineStart {
  /** The arguments of Node.js: permissions, bounds and the entry. */
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** A folder in which no core file can be written, not even by an administrator. */
  readonly cwd: string;
}

const ENVIRONMENT: Readonly<Record<string, string>> = {
  TZ: 'UTC',
  LANG: 'C.UTF-8',
  // Makes glibc return large blocks of memory as soon as they are freed.
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** Threads of V8 for work beside the programs, as Node.js has them by default. */
const MAX_THREADS = 4;

/** What a sandbox process imports. */
export const PACKAGES: readonly string[] = [
  'isolated-vm',
  'acorn',
  'acorn-walk',
  'fastest-levenshtein',
];
/** Where they are, found at the first start. */
let modules: readonly string[] | undefined;

/** Found at import, so that a bundle fails there and not at its first cell. */
const ENTRY = childEntry(import.meta.url);

/**
 * @param nodePath The Node.js binary that is started.
 * @param compiled The folder of the compile cache, which can be written until `giveUpPermissions`.
 *   Default: this process's own, if the Node.js of sandbox processes can give permissions up, and no
 *   other user can write into the folder.
 */
export function engineStart(nodePath: string, compiled = sharedCache(nodePath)): EngineStart {
  const entry = fileURLToPath(ENTRY);
  const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
  modules ??= moduleFolders(PACKAGES, import.meta.url);
  const cache =
    compiled === undefined ? [] : [`--allow-fs-read=${compiled}`, `--allow-fs-write=${compiled}`];
  const args = [
    '--permission',
    // This module ignores permissions.
    '--no-experimental-sqlite',
    '--allow-addons',
    // Given up when there is the one thread that it is for: see `InsideWatch`.
    '--allow-worker',
    `--allow-fs-read=${packageRoot}`,
    ...modules.map((folder) => `--allow-fs-read=${folder}`),
    // Read by isolated-vm's loader to recognise the C library.
    '--allow-fs-read=/etc/alpine-release',
    ...cache,
    '--max-old-space-size=512',
    // More threads than processors gain nothing, and each makes the end of a process dearer.
    `--v8-pool-size=${Math.min(availableParallelism(), MAX_THREADS)}`,
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    entry,
  ];
  const env =
    compiled === undefined ? ENVIRONMENT : { ...ENVIRONMENT, NODE_COMPILE_CACHE: compiled };
  return { args, env, cwd: existsSync('/proc/self') ? '/proc' : '/' };
}

function sharedCache(nodePath: string): string | undefined {
  const versioned = nodeModule.getCompileCacheDir();
  const canGiveUp = nodePath === process.execPath && isAtLeast(26, 10);
  if (!canGiveUp || !versioned) return undefined;
  const folder = dirname(versioned);
  return isPrivateFolder(folder) ? folder : undefined;
}

function isAtLeast(major: number, minor: number): boolean {
  const [ourMajor = 0, ourMinor = 0] = process.versions.node.split('.').map(Number);
  return ourMajor > major || (ourMajor === major && ourMinor >= minor);
}
