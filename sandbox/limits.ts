/** What one program may use inside its isolate. Over a limit the one call fails, and names it. */
export interface SandboxLimits {
  /** Heap of one cell in bytes, 8 MiB at least. Over it the cell ends. Default 128 MiB. */
  readonly maxHeapBytes: number;
  /** One value across the bridge (a text, an argument, a result), in UTF-16 units. Default 32 Mi. */
  readonly maxValueLength: number;
  /** Tool calls that wait for an answer. Default 16,384. */
  readonly maxPendingCalls: number;
  /** Notifications that wait to be delivered. Default 1,024. */
  readonly maxPendingNotifications: number;
  /** Timers that wait. Default 10,000. */
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
}

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
};
