/** How a limit on memory stands, from one look to the next. */
export type Pressure =
  | { readonly phase: 'fine' }
  /** Over the limit since then; a program was last picked to be stopped at `pickedMs`. */
  | { readonly phase: 'over'; readonly sinceMs: number; readonly pickedMs: number };

/** What was seen. Times in milliseconds, on one clock. */
export interface Look {
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly nowMs: number;
  /** Whether a program is being picked or stopped already. */
  readonly stopping: boolean;
}

/** What is to be done: nothing, stop the heaviest program, or end the process. */
export type Verdict = 'leave' | 'pick' | 'end';

export const FINE: Pressure = { phase: 'fine' };

/** Over the limit by this factor nothing is asked any more. */
const HARD_FACTOR = 17 / 16;
/** How long memory may take to come down. */
const RELIEF_MS = 100;
/** How long a stopped program's memory may take to be given back before the next is picked. */
const NEXT_PICK_MS = 40;
/** From this share of the limit on memory is looked at more often. */
const NEAR_SHARE = 3 / 4;

/** Decides what follows from a look at memory. Pure. */
export function press(pressure: Pressure, look: Look): [Pressure, Verdict] {
  const { usedBytes, limitBytes, nowMs, stopping } = look;
  if (usedBytes <= limitBytes) return [FINE, 'leave'];
  if (usedBytes > limitBytes * HARD_FACTOR) return [FINE, 'end'];
  if (pressure.phase === 'fine')
    return [{ phase: 'over', sinceMs: nowMs, pickedMs: nowMs }, 'pick'];
  if (nowMs - pressure.sinceMs >= RELIEF_MS) return [FINE, 'end'];
  if (stopping || nowMs - pressure.pickedMs < NEXT_PICK_MS) return [pressure, 'leave'];
  return [{ ...pressure, pickedMs: nowMs }, 'pick'];
}

/** Whether so much is used that it should be looked at more often. */
export function isNear(usedBytes: number, limitBytes: number): boolean {
  return usedBytes > limitBytes * NEAR_SHARE;
}
