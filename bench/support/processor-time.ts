import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Whether the processor time of other processes can be read on this machine. */
export const CAN_READ_OTHERS = existsSync('/proc/self/schedstat');

/** The kernel's unit for whole processes: 100 per second. */
const TICK_MICROS = 10_000;

/**
 * User and system time that a process has used so far, in microseconds.
 *
 * For another process, the time of ended threads is only accurate to 10 ms.
 *
 * @returns 0 for a process that is gone.
 */
export function processorMicros(pid: number): number {
  if (pid === process.pid) {
    const { user, system } = process.cpuUsage();
    return user + system;
  }
  const threads = namesIn(`/proc/${pid}/task`).map((thread) => threadMicros(pid, thread));
  const [user = 0, system = 0] = ticksOf(pid);
  return Math.max(
    threads.reduce((sum, each) => sum + each, 0),
    (user + system) * TICK_MICROS,
  );
}

/** The time that ended children of a process had used, in microseconds, accurate to 10 ms. */
export function endedChildrenMicros(pid: number): number {
  const [, , user = 0, system = 0] = ticksOf(pid);
  return (user + system) * TICK_MICROS;
}

/** Its own user and system time, then those of its ended children. */
function ticksOf(pid: number): readonly number[] {
  const stat = textOf(`/proc/${pid}/stat`);
  // The name before it can contain blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map(Number);
}

function threadMicros(pid: number, thread: string): number {
  return Number(textOf(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1_000;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
