/** The longest delay of a timer, in milliseconds; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `elapsed` after that many milliseconds: after 24.8 days at most, and never for infinity.
 *
 * @returns The timer, for `clearTimeout`.
 */
export function startTimer(elapsed: () => void, ms: number): NodeJS.Timeout | undefined {
  if (ms === Number.POSITIVE_INFINITY) return undefined;
  return setTimeout(elapsed, Math.min(ms, MAX_TIMER_MS));
}
