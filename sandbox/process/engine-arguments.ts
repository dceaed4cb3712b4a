import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** All that a sandbox process is given of an environment. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  TZ: 'UTC',
  LANG: 'C.UTF-8',
  // So that glibc gives large pieces of memory back as soon as they are freed.
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** What Node.js is started with to be a sandbox process: permissions, bounds and the entry. */
export function engineArguments(): string[] {
  const entry = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url),
  );
  const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
  const modules = dirname(dirname(createRequire(import.meta.url).resolve('isolated-vm')));
  return [
    '--permission',
    '--allow-addons',
    `--allow-fs-read=${packageRoot}`,
    `--allow-fs-read=${modules}`,
    // What isolated-vm's loader asks for to tell one C library from another.
    '--allow-fs-read=/etc/alpine-release',
    '--max-old-space-size=512',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    entry,
  ];
}
