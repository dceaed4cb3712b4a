/** How long to wait before dialling a host again. */
export interface Backoff {
  /** After the first failure, in milliseconds; doubled after each further one. Default 100. */
  readonly firstMs: number;
  /** The longest wait, in milliseconds. Default 5,000. */
  readonly mostMs: number;
}

/** The longest delay of a timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @param failures Consecutive failures; without any, there is no wait. */
export function backoffMs(failures: number, { firstMs, mostMs }: Backoff): number {
  if (failures === 0) return 0;
  return Math.min(mostMs, MAX_TIMER_MS, firstMs * 2 ** Math.min(failures - 1, 31));
}
