/** How long to wait before a host is dialled again. */
export interface Backoff {
  /** After the first failure, in milliseconds; twice as long after each that follows. Default 100. */
  readonly firstMs: number;
  /** The longest wait, in milliseconds. Default 5,000. */
  readonly mostMs: number;
}

/** The longest delay a timer can have. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @param failures How often it has failed in a row: no wait where it has not. */
export function backoffMs(failures: number, { firstMs, mostMs }: Backoff): number {
  if (failures === 0) return 0;
  return Math.min(mostMs, MAX_TIMER_MS, firstMs * 2 ** Math.min(failures - 1, 31));
}
