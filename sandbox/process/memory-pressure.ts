/** The state of a limit on memory between two looks. */
export type Pressure =
  | { readonly phase: 'fine' }
  /** Over the limit since `sinceMs`; a program was last being picked or stopped at `stoppedMs`. */
  | { readonly phase: 'over'; readonly sinceMs: number; readonly stoppedMs: number };

/** What one look saw. Times are in milliseconds on one clock. */
export interface Look {
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly nowMs: number;
  /** Whether a program is being picked or stopped already. */
  readonly stopping: boolean;
}

/** What to do: nothing, stop the heaviest program, or end the process. */
export type Verdict = 'leave' | 'pick' | 'end';

export const FINE: Pressure = { phase: 'fine' };

/** Beyond this multiple of the limit, the process is ended at once. */
const HARD_FACTOR = 17 / 16;
/** How long memory may take to go down, in milliseconds. */
const RELIEF_MS = 300;
/** How long a stopped program's memory may take to be returned before the next is picked, in milliseconds. */
const NEXT_PICK_MS = 40;
/** From this share of the limit on, memory is checked more often. */
const NEAR_SHARE = 3 / 4;

/** Decides what to do after a look at memory. Pure. */
export function press(pressure: Pressure, look: Look): [Pressure, Verdict] {
  const { usedBytes, limitBytes, nowMs, stopping } = look;
  if (usedBytes <= limitBytes) return [FINE, 'leave'];
  if (usedBytes > limitBytes * HARD_FACTOR) return [FINE, 'end'];
  if (pressure.phase === 'fine')
    return [{ phase: 'over', sinceMs: nowMs, stoppedMs: nowMs }, 'pick'];
  if (nowMs - pressure.sinceMs >= RELIEF_MS) return [FINE, 'end'];
  if (stopping) return [{ ...pressure, stoppedMs: nowMs }, 'leave'];
  if (nowMs - pressure.stoppedMs < NEXT_PICK_MS) return [pressure, 'leave'];
  return [{ ...pressure, stoppedMs: nowMs }, 'pick'];
}

/** Whether so much is used that memory should be checked more often. */
export function isNear(usedBytes: number, limitBytes: number): boolean {
  return usedBytes > limitBytes * NEAR_SHARE;
}
