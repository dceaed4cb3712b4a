import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { NotSupported } from './peer.ts';

/**
 * The resident memory of a process and all its descendants, in MiB. Shared pages count more than once.
 *
 * @throws NotSupported if there is no `/proc`.
 */
export function treeMiB(pid: number): number {
  if (!existsSync('/proc/self/status')) throw new NotSupported('Needs /proc');
  return [...treeOf(pid)].reduce((sum, each) => sum + residentKiB(each), 0) / 1_024;
}

/** A process and its descendants. */
export function treeOf(pid: number): ReadonlySet<number> {
  const found = new Set([pid]);
  for (const each of found) for (const child of childrenOf(each)) found.add(child);
  return found;
}

function residentKiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Empty for a process or thread that ends meanwhile. */
function childrenOf(pid: number): readonly number[] {
  const threads = orNothing(() => readdirSync(`/proc/${pid}/task`));
  return threads.flatMap((thread) =>
    orNothing(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '))
      .filter((text) => text !== '')
      .map(Number),
  );
}

function orNothing(read: () => string[]): string[] {
  try {
    return read();
  } catch {
    return [];
  }
}
