import type { Delegate } from './delegate.ts';
import type { CellEvent, PendingCall } from './events.ts';
import type { SessionLimits } from './limits.ts';
import type { CellPhase, EventsOptions, LiveEvents } from './live-events.ts';
import type { ToolErrors } from './sandbox.ts';
import type { ToolDefinition } from './tools.ts';

/**
 * How long a caller waits for a cell: until it ends, or until `yieldAfterMs` have passed, or until
 * it is `pending`: quiet, with nothing left to do but wait for the outside. A cell observed this
 * way is paused until it is resumed.
 *
 * The first `yieldAfterMs` begin when the program starts, 1 s after the request at the latest.
 */
export type ObserveMode = { readonly yieldAfterMs: number } | { readonly pending: true };

/** What a caller can do to its own wait. */
export interface WaitOptions {
  /** Aborts the wait: the promise rejects with the signal's reason. The cell keeps running and no output is lost. */
  readonly signal?: AbortSignal;
  /** Ends the wait early: the caller gets `yielded` with the output so far. */
  readonly preempt?: AbortSignal;
}

/** How the programs of a session are run, wherever that is. */
export interface SessionSettings {
  /** How rejected tool calls reach the program. Default: `error`. */
  readonly toolErrors?: ToolErrors;
  /** Whether programs have a `console` that writes text output. Default: false. */
  readonly console?: boolean;
  readonly limits?: Partial<SessionLimits>;
}

/** A program to run. */
export interface ExecuteRequest {
  /** JavaScript or erasable TypeScript, as an ES module; 1 MiB by default at most. */
  readonly source: string;
  /** The tools of this cell. Default: the session's. */
  readonly tools?: readonly ToolDefinition[];
  /** What to wait for first. Default: `{ yieldAfterMs: 10_000 }`. */
  readonly observe?: ObserveMode;
  /** An id of the caller's that its notifications carry. */
  readonly callId?: string;
  /**
   * Whether `events` will be asked for: then what happens is kept until it was read to its end, also
   * past the end of the cell; of the latest 64 such cells of a session. Default: false.
   */
  readonly keepEvents?: boolean;
  /** Handles the tool calls and notifications of this cell. Default: the session's delegate. */
  readonly delegate?: Delegate;
}

/** A cell that was admitted. */
export interface StartedCell {
  /** Decimal number, counted per session from 1. */
  readonly cellId: string;
  /** The first event. Need not be awaited: a rejection nobody looks at does no harm. */
  readonly first: Promise<CellEvent>;
}

/** One live cell, for lists. */
export interface CellSummary {
  readonly cellId: string;
  readonly phase: CellPhase;
  /** Milliseconds since it was admitted. */
  readonly ageMs: number;
  readonly observed: boolean;
  /** UTF-16 units of output that wait to be observed. */
  readonly pendingOutput: number;
  readonly pendingCalls: readonly PendingCall[];
  readonly pendingNotifications: number;
}

/**
 * One conversation's cells and stored values.
 *
 * Cells run concurrently. A cell has one observer at a time: a second is refused with `cell_busy`
 * and does not displace the first. Each piece of output is delivered once, in order.
 */
export interface Session extends AsyncDisposable {
  /**
   * Runs a program in a cell of its own.
   *
   * @param options.signal If it is already aborted, nothing is started.
   * @throws The signal's reason; `session_closed`, `limit_exceeded`, `invalid_argument`, `cell_ids_exhausted`.
   */
  execute(request: ExecuteRequest, options?: WaitOptions): Promise<StartedCell>;

  /**
   * Waits for the next event of a cell. For a cell that does not exist the event is `missing`, not an error.
   *
   * @param mode Default: `{ yieldAfterMs: 10_000 }`. From 10,000 ms on, a second of grace is added.
   * @throws `cell_busy`, `invalid_argument`.
   */
  observe(cellId: string, mode?: ObserveMode, options?: WaitOptions): Promise<CellEvent>;

  /**
   * Resumes a cell that is paused at a frontier.
   *
   * @param generation Which frontier, from its `pending` event.
   * @returns `already-running` if the cell has left that frontier; `missing` if there is no such cell or it is being terminated.
   * @throws `invalid_generation` for a frontier that the cell has not reached yet; `invalid_argument`.
   */
  resume(cellId: string, generation: number): Promise<'resumed' | 'already-running' | 'missing'>;

  /**
   * Ends a cell. Its cancelled callbacks share one 100 ms grace period to return, then they are
   * abandoned. If the cell has completed already, its completion is returned instead. What a
   * terminated cell stored is dropped.
   *
   * @throws `cell_terminating` if another caller is terminating it already; `invalid_argument`.
   */
  terminate(cellId: string): Promise<CellEvent>;

  /**
   * Reads what happens in a cell, as it happens: output before it is observed, tool calls,
   * notifications, phases, and how it ended. Reading does not consume output, and any number of
   * readers read a cell at their own pace.
   *
   * A cell keeps its latest 128 events, and its latest 8,192 or 4 MiB from its first reader on, or
   * with `keepEvents`; all cells of a session together keep 8 MiB. Older events are dropped, and a
   * reader that comes too late gets a `gap`. A cell whose end was delivered to an observer is
   * `missing`, unless it had a reader or `keepEvents`: of those, the latest 64 can still be read.
   *
   * Options of the wrong shape reject the first `next` with `invalid_argument`.
   */
  events(cellId: string, options?: EventsOptions): LiveEvents;

  /** The cells that have not been delivered to their end, oldest first. */
  cells(): Promise<readonly CellSummary[]>;

  /** The stored values that completed cells left, by key, in the order they were first stored. */
  values(): Promise<ReadonlyMap<string, unknown>>;

  /**
   * Terminates every cell. All cancelled callbacks together have one 100 ms grace period.
   * Safe to call twice. Afterwards `execute` fails with `session_closed`.
   *
   * A session in this process that is never closed does not keep the process alive for longer than
   * 2 s after the last caller, reader and callback.
   */
  close(): Promise<void>;
}
