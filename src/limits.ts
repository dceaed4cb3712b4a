import { CodeModeError } from './errors.ts';

/** Limits of one session. A call or cell that exceeds one fails with an error that names it. */
export interface SessionLimits {
  /** Length of a source in bytes of UTF-8. Default 1 MiB. */
  readonly maxSourceBytes: number;
  /** Length of a cell's unread output, in UTF-16 units. Default 16 Mi. */
  readonly maxOutputLength: number;
  /** Number of a cell's unread output items. Default 262,144. */
  readonly maxOutputItems: number;
  /**
   * The same as JSON, in bytes of UTF-8: what an answer takes on a wire, where a control character
   * takes six bytes. Default 56 MiB, so that each answer fits into a frame.
   */
  readonly maxOutputBytes: number;
  /** Stored values: keys and JSON text together, in UTF-16 units. Default 32 Mi. */
  readonly maxStoredLength: number;
  /** Stored keys. Default 10,000. */
  readonly maxStoredKeys: number;
  /**
   * Arguments and notifications of one cell that are pending at the delegate, in bytes: two for each
   * UTF-16 unit, plus 512 for each call. Default 256 MiB.
   */
  readonly maxCellPendingBytes: number;
  /** The same for all cells of the session together. Default 512 MiB. */
  readonly maxPendingBytes: number;
  /** Cells that have not ended. Default 128. */
  readonly maxLiveCells: number;
  /** Ended cells with unclaimed results; the oldest are dropped first. Default 256. */
  readonly maxCompletedCells: number;
  /** Upper bound of `yieldAfterMs`, in milliseconds. Default: none. */
  readonly maxYieldAfterMs: number;
  /** Run time of a cell from its start, in milliseconds. Default: none. */
  readonly maxRunMs: number;
  /** Time to deliver the notifications of a finished program, in milliseconds. Default 30,000. */
  readonly drainMs: number;
}

/** The limits of a session that sets none. */
export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  maxSourceBytes: 1 << 20,
  maxOutputLength: 16 << 20,
  maxOutputItems: 262_144,
  maxOutputBytes: 56 << 20,
  maxStoredLength: 32 << 20,
  maxStoredKeys: 10_000,
  maxCellPendingBytes: 256 << 20,
  maxPendingBytes: 512 << 20,
  maxLiveCells: 128,
  maxCompletedCells: 256,
  maxYieldAfterMs: Number.POSITIVE_INFINITY,
  maxRunMs: Number.POSITIVE_INFINITY,
  drainMs: 30_000,
};

/**
 * Fills in defaults and checks each limit.
 *
 * @throws `invalid_argument` for an unknown name, or a value that is not a number of at least 0.
 */
export function withDefaults<T extends object>(
  defaults: T,
  given: { readonly [K in keyof T]?: T[K] | undefined } | undefined,
): T {
  const limits = new Map<string, unknown>(Object.entries(defaults));
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === undefined) continue;
    if (!limits.has(name)) {
      throw new CodeModeError(
        'invalid_argument',
        `Cannot set the limit ${name}: there is no such limit`,
      );
    }
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new CodeModeError(
        'invalid_argument',
        `Cannot set the limit ${name}: wanted a number of at least 0, got ${String(value)}`,
      );
    }
    limits.set(name, value);
  }
  return Object.fromEntries(limits) as T;
}
