import type { Delegate } from './delegate.ts';
import type { CellEndEvent, CellEvent, PendingCall } from './events.ts';
import type { SessionLimits } from './limits.ts';
import type { CellPhase, EventsOptions, LiveEvent, LiveEvents } from './live-events.ts';
import type { GuestGlobals, ToolErrors } from './sandbox.ts';
import type { ToolDefinition } from './tools.ts';

/**
 * How long a caller waits for a cell that does not end: for `yieldAfterMs` milliseconds, or until the
 * cell is `pending`: idle and waiting for something outside it. A cell that is observed with
 * `pending` is paused at that point until it is resumed.
 *
 * The first wait begins when the program starts, at most 1 s after the request.
 */
export type ObserveMode = { readonly yieldAfterMs: number } | { readonly pending: true };

/** Ways to end a wait. */
export interface WaitOptions {
  /** Aborts the wait: the promise rejects with the signal's reason. The cell keeps running and no output is lost. */
  readonly signal?: AbortSignal;
  /** Ends the wait early: the caller gets `yielded` with the output so far. */
  readonly preempt?: AbortSignal;
}

/** How programs of a session run, in this process or at a host. */
export interface SessionSettings {
  /** How rejected tool calls reach the program. Default: `error`. */
  readonly toolErrors?: ToolErrors;
  /** Whether programs have a `console` that writes text output. Default: false. */
  readonly console?: boolean;
  /** Whether programs have globals of the web platform. Default: `standard`, without them. */
  readonly globals?: GuestGlobals;
  readonly limits?: Partial<SessionLimits>;
}

/** A program to run. */
export interface ExecuteRequest {
  /** JavaScript or erasable TypeScript, as an ES module; at most `maxSourceBytes`, 1 MiB by default. */
  readonly source: string;
  /** The tools of this cell; no two may have the same identifier. Default: the session's. */
  readonly tools?: readonly ToolDefinition[];
  /** What to wait for first. Default: `{ yieldAfterMs: 10_000 }`. */
  readonly observe?: ObserveMode;
  /** An id of your choice; the cell's notifications carry it. */
  readonly callId?: string;
  /**
   * Keeps the events for a reader that comes later, even after the cell has ended: of the latest 64
   * such cells of a session. Default: false.
   */
  readonly keepEvents?: boolean;
  /** Handles the tool calls and notifications of this cell. Default: the session's delegate. */
  readonly delegate?: Delegate;
}

/** How to run a cell to its end. */
export interface RunCellOptions extends Omit<ExecuteRequest, 'source' | 'observe'> {
  /** Terminates the cell when it aborts. If it is already aborted, nothing is started. */
  readonly signal?: AbortSignal;
  /** Terminates the cell after that many milliseconds, counted from the call. Default: unlimited. */
  readonly timeoutMs?: number;
  /**
   * Called with everything that happens in the cell, in order and while it runs; the last event is the
   * end. Does not slow the cell down: if it is slow, the oldest events can be replaced by a `gap`.
   * If it throws, the cell is terminated and the run fails with that error.
   */
  readonly onEvent?: (event: LiveEvent) => void;
}

/** Why a run was stopped: its signal aborted, or its time was over. */
export type StopCause = 'signal' | 'timeout';

/** How a cell ended, with all of its output. It is also the event that `toModelContent` renders. */
export type CellResult = CellEndEvent & {
  /** Why this run terminated the cell; null if it did not. */
  readonly stoppedBy: StopCause | null;
};

/** A cell that has been admitted. */
export interface StartedCell {
  /** Decimal number, counted per session from 1. */
  readonly cellId: string;
  /** The first event. It need not be awaited: an unhandled rejection does no harm. */
  readonly first: Promise<CellEvent>;
}

/** One live cell, for lists. */
export interface CellSummary {
  readonly cellId: string;
  readonly phase: CellPhase;
  /** Milliseconds since it was admitted. */
  readonly ageMs: number;
  readonly observed: boolean;
  /** Unread output, in UTF-16 units. */
  readonly pendingOutput: number;
  readonly pendingCalls: readonly PendingCall[];
  readonly pendingNotifications: number;
}

/**
 * The cells and stored values of one conversation.
 *
 * Cells run concurrently. A cell has one observer at a time: a second is refused with `cell_busy`
 * and does not displace the first. Each piece of output is delivered once, in order.
 */
export interface Session extends AsyncDisposable {
  /**
   * Runs a program in a new cell.
   *
   * @param options.signal If it is already aborted, nothing is started.
   * @throws The signal's reason; `session_closed`, `limit_exceeded`, `invalid_argument`, `cell_ids_exhausted`.
   */
  execute(request: ExecuteRequest, options?: WaitOptions): Promise<StartedCell>;

  /**
   * Runs a program to its end and collects its output. A cell that is stopped, by the signal, the time or
   * another caller, resolves as `terminated` with what it had shown; one that ended by itself meanwhile
   * resolves as `completed`.
   *
   * @param source As in `ExecuteRequest`.
   * @throws The signal's reason if it was already aborted; `invalid_argument`; what `onEvent` threw;
   *   `unsupported` if there is an `onEvent` and the host has no live events; otherwise as `execute`,
   *   `observe` and `terminate`.
   */
  run(source: string, options?: RunCellOptions): Promise<CellResult>;

  /**
   * Waits for the next event of a cell. If there is no such cell, the event is `missing`; that is not an error.
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
   * Ends a cell. Its cancelled callbacks share one 100 ms grace period, then they are abandoned. If
   * the cell has already completed, its completion is returned instead. Values that a terminated
   * cell stored are dropped.
   *
   * @throws `cell_terminating` if another caller is already terminating it; `invalid_argument`.
   */
  terminate(cellId: string): Promise<CellEvent>;

  /**
   * Subscribes to a cell: output before it is observed, tool calls, notifications, phases, and how
   * the cell ended. Reading does not consume output, and any number of readers read a cell at
   * their own pace.
   *
   * A cell keeps its latest 128 events; from its first reader on, or with `keepEvents`, its latest
   * 8,192 events or 4 MiB. All cells of a session together keep 8 MiB. Older events are dropped,
   * and a reader that is too late gets a `gap`. A cell whose end was delivered to an observer is
   * `missing`, unless it had a reader or `keepEvents`: the latest 64 of those remain readable.
   *
   * With invalid options, the first `next` rejects with `invalid_argument`.
   */
  events(cellId: string, options?: EventsOptions): LiveEvents;

  /** The cells whose end has not been delivered, oldest first. */
  cells(): Promise<readonly CellSummary[]>;

  /** The stored values by key, as cells that have ended left them, in the order they were first stored. */
  values(): Promise<ReadonlyMap<string, unknown>>;

  /**
   * Terminates every cell. All cancelled callbacks share one 100 ms grace period.
   * Safe to call twice. Afterwards `execute` fails with `session_closed`.
   *
   * A session in this process that is never closed does not keep the process alive for longer than
   * 2 s after the last caller, reader and callback.
   */
  close(): Promise<void>;
}
