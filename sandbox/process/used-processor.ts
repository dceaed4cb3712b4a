import { readFileSync } from 'node:fs';

/** The kernel's unit: 100 per second. */
const TICK_MS = 10;

/** The processor time that a process has used, in milliseconds; null if that is unknown. */
export function usedProcessorMs(pid: number | undefined): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it can contain blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return null;
  }
}
