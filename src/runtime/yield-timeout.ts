const GRACE_FROM_MS = 10_000;
const YIELD_GRACE_MS = 1_000;

/**
 * How long a wait really takes: from 10,000 ms on a second is added, so that a tool whose own
 * timeout equals the wait still gets its answer in; then the session's limit applies.
 *
 * @returns Milliseconds; infinity for a wait without end.
 */
export function yieldTimeoutMs(requestedMs: number, limitMs: number): number {
  const graceMs = requestedMs >= GRACE_FROM_MS ? YIELD_GRACE_MS : 0;
  return Math.min(requestedMs + graceMs, limitMs);
}
