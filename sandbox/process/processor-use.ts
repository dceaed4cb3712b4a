import { readFileSync } from 'node:fs';

/** The kernel's unit: 100 per second. */
const TICK_MS = 10;

/** How a process uses its processor. */
export interface ProcessorUse {
  /** Of its main thread, as a letter: R runs or would run, S sleeps, D waits for a device, T is suspended. */
  readonly state: string;
  /** The processor time of all its threads so far, in milliseconds. */
  readonly usedMs: number;
}

/** @returns Null if it is unknown, as where there is no `/proc`. */
export function processorUse(pid: number | undefined): ProcessorUse | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it can contain blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const usedMs = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    return { state: fields[0] ?? '', usedMs };
  } catch {
    return null;
  }
}
