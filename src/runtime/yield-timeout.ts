const GRACE_FROM_MS = 10_000;
const YIELD_GRACE_MS = 1_000;

/**
 * The actual duration of a wait. A wait of 10,000 ms or more is extended by a second, so that a tool
 * whose timeout equals the wait can still answer in time. Then the session's limit applies.
 *
 * @returns Milliseconds; infinity for an unlimited wait.
 */
export function yieldTimeoutMs(requestedMs: number, limitMs: number): number {
  const graceMs = requestedMs >= GRACE_FROM_MS ? YIELD_GRACE_MS : 0;
  return Math.min(requestedMs + graceMs, limitMs);
}
