import type { SandboxLimits } from '../limits.ts';

/** Share of its heap that an isolate may use between two programs, so that the next one has the rest. */
const MAX_USED_SHARE = 1 / 8;
/** How many idle isolates are kept for one session. */
const MAX_OF_SESSION = 2;
/** What all idle isolates may use together, as a share of one isolate's heap limit. */
const MAX_IDLE_SHARE = 1 / 2;

/** How an isolate was used so far. */
export interface IsolateUse {
  /** Programs that ran in it. */
  readonly programs: number;
  /** What V8 counts for it after the last context was released, in bytes, garbage included. */
  readonly usedBytes: number;
}

/** Whether another program of the session may run in an isolate whose last program ended by itself. */
export function mayRunAnother({ programs, usedBytes }: IsolateUse, limits: SandboxLimits): boolean {
  return (
    programs < limits.maxProgramsPerIsolate && usedBytes <= limits.maxHeapBytes * MAX_USED_SHARE
  );
}

/** An isolate that waits for a program. */
export interface IdleUse {
  readonly session: symbol;
  /** See `IsolateUse`. */
  readonly usedBytes: number;
}

/**
 * The idle isolates that are kept: the latest of each session, as long as all of them together use
 * little memory.
 *
 * @param idle In the order in which they became idle.
 */
export function toKeep<Idle extends IdleUse>(
  idle: readonly Idle[],
  limits: SandboxLimits,
): ReadonlySet<Idle> {
  const kept = new Set<Idle>();
  const counts = new Map<symbol, number>();
  let bytes = 0;
  for (const one of idle.toReversed()) {
    const count = (counts.get(one.session) ?? 0) + 1;
    if (count > MAX_OF_SESSION) continue;
    bytes += one.usedBytes;
    if (bytes > limits.maxHeapBytes * MAX_IDLE_SHARE) break;
    counts.set(one.session, count);
    kept.add(one);
  }
  return kept;
}
