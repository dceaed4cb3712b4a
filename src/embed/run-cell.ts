import { Cancelled, CodeModeError } from '../errors.ts';
import type { CellEndEvent, OutputItem } from '../events.ts';
import type { LiveEvent } from '../live-events.ts';
import type { CellResult, ExecuteRequest, RunCellOptions, Session, StopCause } from '../session.ts';
import { onAbort } from '../waiting/on-abort.ts';
import { startTimer } from '../waiting/timer.ts';
import { followCell } from './follow-cell.ts';

/** How long one wait of a run lasts: output is collected after it, and earlier if much of it is unread. */
const WAIT = { yieldAfterMs: 60_000 } as const;

/** The method `run` of every session. See `Session.run`. */
export async function runCell(
  session: Session,
  source: string,
  options: RunCellOptions = {},
): Promise<CellResult> {
  const { signal, timeoutMs = Number.POSITIVE_INFINITY, onEvent, ...request } = options;
  checkTimeout(timeoutMs);
  checkListener(onEvent);
  checkSignal(signal);
  signal?.throwIfAborted();
  const run = new CellRun(session, onEvent);
  const unlink = onAbort(signal, () => run.stop('signal'));
  const timer = startTimer(() => run.stop('timeout'), timeoutMs);
  try {
    const keepEvents = request.keepEvents ?? onEvent !== undefined;
    return await run.follow({ ...request, source, keepEvents, observe: WAIT });
  } finally {
    clearTimeout(timer);
    unlink();
  }
}

/** One run: its output so far, its listener and why it was stopped. */
class CellRun {
  readonly #session: Session;
  readonly #onEvent: ((event: LiveEvent) => void) | undefined;
  readonly #stop = new AbortController();
  readonly #over = new AbortController();
  readonly #items: OutputItem[] = [];
  #cause: StopCause | null = null;
  #heard: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;

  constructor(session: Session, onEvent: ((event: LiveEvent) => void) | undefined) {
    this.#session = session;
    this.#onEvent = onEvent;
  }

  stop(cause: StopCause): void {
    this.#cause ??= cause;
    this.#stop.abort(new Cancelled('terminate'));
  }

  async follow(request: ExecuteRequest): Promise<CellResult> {
    const follower = {
      started: (cellId: string) => {
        this.#heard = this.#listen(cellId);
      },
      take: (items: readonly OutputItem[]) => {
        for (const item of items) this.#items.push(item);
      },
    };
    try {
      const event = await followCell(this.#session, request, follower, this.#stop.signal);
      await this.#heard;
      if (this.#failure !== null) throw this.#failure.error;
      return resultOf(event, this.#items, this.#cause);
    } finally {
      this.#over.abort(new Cancelled('completion'));
    }
  }

  async #listen(cellId: string): Promise<void> {
    if (this.#onEvent === undefined) return;
    try {
      const events = this.#session.events(cellId, { signal: this.#over.signal });
      for await (const event of events) this.#onEvent(event);
    } catch (error) {
      this.#failure = { error };
      this.#stop.abort(new Cancelled('terminate'));
    }
  }
}

function resultOf(
  event: CellEndEvent,
  items: readonly OutputItem[],
  cause: StopCause | null,
): CellResult {
  switch (event.type) {
    case 'completed':
      return { ...event, items, stoppedBy: null };
    case 'terminated':
      return { ...event, items, stoppedBy: cause };
    case 'missing':
      if (event.reason !== 'terminated') return { ...event, stoppedBy: null };
      // Another caller terminated it between two waits.
      return { type: 'terminated', cellId: event.cellId, items, stoppedBy: null };
  }
}

function checkTimeout(timeoutMs: unknown): void {
  if (typeof timeoutMs === 'number' && timeoutMs >= 0) return;
  throw invalid(`timeoutMs must be a number of at least 0, got ${String(timeoutMs)}`);
}

function checkListener(onEvent: unknown): void {
  if (onEvent === undefined || typeof onEvent === 'function') return;
  throw invalid(`onEvent must be a function, got a value of type ${typeof onEvent}`);
}

function checkSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw invalid(`signal must be an AbortSignal, got a value of type ${typeof signal}`);
}

function invalid(problem: string): CodeModeError {
  return new CodeModeError('invalid_argument', `Cannot run a cell: ${problem}`);
}
