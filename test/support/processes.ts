import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** The living descendants of this process. */
export function descendants(): readonly number[] {
  const found = new Set([process.pid]);
  const parents = parentsByPid();
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  found.delete(process.pid);
  return [...found];
}

/** The living descendants of this process with their command lines. Linux only. */
export function programs(): readonly { readonly pid: number; readonly command: string }[] {
  return descendants().flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ pid, command }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

/** Whether a process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  return parentsByPid().has(pid);
}

/** Resolves when a process is gone, which takes a moment after a kill. */
export async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await setImmediate();
}

/** Resolves when a process that was sent SIGSTOP has stopped. */
export async function untilStopped(pid: number): Promise<void> {
  while (!stateOf(pid).startsWith('T')) await setImmediate();
}

/** The letter of a process state; empty if the process is gone. */
function stateOf(pid: number): string {
  try {
    if (!existsSync('/proc/self/stat')) {
      return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    }
    return statFields(pid)[0] ?? '';
  } catch {
    throw new Error(`Cannot see process ${pid}: it is gone`);
  }
}

/**
 * The fields after the name of the program, which is in parentheses and can contain anything. Linux only.
 *
 * @param pid Of a process; or of a thread, as `PID/task/TID`.
 */
export function statFields(pid: number | string): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '';
  return stat.split(' ');
}

function parentsByPid(): ReadonlyMap<number, number> {
  return existsSync('/proc/self/stat') ? readProc() : readPs();
}

function readProc(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [state, parent] = statFields(name);
      if (state !== 'Z') parents.set(Number(name), Number(parent));
    } catch {
      // It has ended meanwhile.
    }
  }
  return parents;
}

function readPs(): ReadonlyMap<number, number> {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,comm='], { encoding: 'utf8' });
  const processes = lines.split('\n').map((line) => line.trim().split(/\s+/));
  const others = processes.filter(([, , state, name]) => !state?.startsWith('Z') && name !== 'ps');
  return new Map(others.map(([pid, parent]) => [Number(pid), Number(parent)]));
}
