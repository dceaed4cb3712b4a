import { availableParallelism } from 'node:os';

/** Limits of one program inside its isolate. A call that exceeds one fails with an error that names it. */
export interface SandboxLimits {
  /** Heap of one cell, in bytes; at least 8 MiB. Exceeding it ends the cell. Default 128 MiB. */
  readonly maxHeapBytes: number;
  /** Length of one text, argument or result, in UTF-16 units. Default 32 Mi. */
  readonly maxValueLength: number;
  /** Unanswered tool calls. Default 16,384. */
  readonly maxPendingCalls: number;
  /** Undelivered notifications. Default 1,024. */
  readonly maxPendingNotifications: number;
  /** Pending timers. Default 10,000. */
  readonly maxTimers: number;
  /** Stored values: keys and JSON text together, in UTF-16 units. Default 32 Mi. */
  readonly maxStoredLength: number;
  /** Stored keys. Default 10,000. */
  readonly maxStoredKeys: number;
  /**
   * Programs of one session that run one after another in one isolate, each in a context of its own.
   * With 1, each program gets an isolate of its own. Default 32.
   */
  readonly maxProgramsPerIsolate: number;
  /**
   * Programs of one session that run at the same time in one process; the others wait for their turn.
   * A program that awaits something does not run. Default: one for each processor, at least 4.
   */
  readonly maxRunningPrograms: number;
}

/** Fewer would let few programs that compute for long keep all others of their session waiting. */
const MIN_RUNNING = 4;

/** The limits of a sandbox that sets none. */
export const DEFAULT_SANDBOX_LIMITS: SandboxLimits = {
  maxHeapBytes: 128 << 20,
  maxValueLength: 32 << 20,
  maxPendingCalls: 16_384,
  maxPendingNotifications: 1_024,
  maxTimers: 10_000,
  maxStoredLength: 32 << 20,
  maxStoredKeys: 10_000,
  maxProgramsPerIsolate: 32,
  maxRunningPrograms: Math.max(MIN_RUNNING, availableParallelism()),
};
