import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Whether the processor time of other processes can be read on this machine. */
export const CAN_READ_OTHERS = existsSync('/proc/self/schedstat');

/**
 * User and system time that a process has used so far, in microseconds.
 *
 * Another process is read thread by thread: threads that have ended no longer count.
 *
 * @returns 0 for a process that is gone.
 */
export function processorMicros(pid: number): number {
  if (pid === process.pid) {
    const { user, system } = process.cpuUsage();
    return user + system;
  }
  return threadsOf(pid).reduce((sum, thread) => sum + threadMicros(pid, thread), 0);
}

/** The kernel counts nanoseconds here; the ticks of `/proc/PID/stat` are 10 ms long. */
function threadMicros(pid: number, thread: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    return Number(text.split(' ')[0]) / 1_000;
  } catch {
    return 0;
  }
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}
