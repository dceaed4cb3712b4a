import type { Delegate } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { CellEvent } from '../../src/events.ts';
import type { SessionLimits } from '../../src/limits.ts';
import type { EventsOptions, LiveEvent, LiveEvents } from '../../src/live-events.ts';
import { messageOf } from '../../src/runtime/tool-answer.ts';
import type {
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  Session,
  SessionSettings,
  StartedCell,
  WaitOptions,
} from '../../src/session.ts';
import { startTimer } from '../../src/timer.ts';
import type { SessionOptions } from '../wire/protocol.ts';

/** What a client wants of a session, for whoever opens it. */
export interface SessionWish {
  /** The client, who does what programs ask for. */
  readonly delegate: Delegate;
  readonly options: SessionSettings;
  /** Aborts when the client does not want it any more. */
  readonly signal: AbortSignal;
}

/** Opens a session for a client of a host, wherever it runs. It is closed by the host. */
export type OpenSession = (
  wish: SessionWish,
) => Promise<Session & { readonly remoteUrl?: string | undefined }>;

/** What happens to a session whose opening does not end though nobody wants it any more. */
export interface Abandonment {
  /** How long it may take, in milliseconds. */
  readonly afterMs: number;
  /** Told what is wrong, for a log. */
  told(what: string): void;
}

/** A session that is being opened: what is asked of it waits until it is there. */
export class DeferredSession implements Session {
  /** What was opened, though it may come when nobody waits for it. */
  readonly #started: ReturnType<OpenSession>;
  readonly #open = Promise.withResolvers<Awaited<ReturnType<OpenSession>>>();
  readonly #opening = this.#open.promise;
  readonly #wanted = new AbortController();
  readonly #onRetired: (cellId: string) => void;
  readonly #abandonment: Abandonment;
  readonly #cells = new Set<string>();

  /** @param onRetired Called when the end of a cell was delivered, or cannot be any more. */
  constructor(
    open: OpenSession,
    { delegate, options }: { readonly delegate: Delegate; readonly options: SessionOptions },
    onRetired: (cellId: string) => void,
    abandonment: Abandonment,
  ) {
    this.#onRetired = onRetired;
    this.#abandonment = abandonment;
    const { signal } = this.#wanted;
    this.#started = start(open, { delegate, options: given(options), signal });
    this.#started.then(this.#open.resolve, this.#open.reject);
    this.#opening.catch(() => {});
  }

  /** Resolves when it is there, with where it can be looked at. @throws Why it cannot be opened. */
  async opened(): Promise<string | undefined> {
    return (await this.#opening).remoteUrl;
  }

  async execute(request: ExecuteRequest, options?: WaitOptions): Promise<StartedCell> {
    const session = await this.#opening;
    const { cellId, first } = await session.execute(request, options);
    this.#cells.add(cellId);
    const told = first.then((event) => this.#told(event));
    told.catch(() => {});
    return { cellId, first: told };
  }

  async observe(cellId: string, mode?: ObserveMode, options?: WaitOptions): Promise<CellEvent> {
    const session = await this.#opening;
    return this.#told(await session.observe(cellId, mode, options));
  }

  async resume(cellId: string, generation: number) {
    return (await this.#opening).resume(cellId, generation);
  }

  async terminate(cellId: string): Promise<CellEvent> {
    const session = await this.#opening;
    return this.#told(await session.terminate(cellId));
  }

  events(cellId: string, options?: EventsOptions): LiveEvents {
    return new DeferredEvents(this.#opening.then((session) => session.events(cellId, options)));
  }

  async cells(): Promise<readonly CellSummary[]> {
    return (await this.#opening).cells();
  }

  async values(): Promise<ReadonlyMap<string, unknown>> {
    return (await this.#opening).values();
  }

  async close(): Promise<void> {
    this.#wanted.abort();
    const deadline = startTimer(() => this.#abandon(), this.#abandonment.afterMs);
    const session = await this.#opening.catch(() => null);
    clearTimeout(deadline);
    try {
      await session?.close();
    } finally {
      for (const cellId of this.#cells) this.#onRetired(cellId);
      this.#cells.clear();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Nobody waits for it any more. What comes late is closed. */
  #abandon(): void {
    const { afterMs, told } = this.#abandonment;
    told(`open did not end within ${afterMs} ms of the abort of its signal`);
    this.#open.reject(new CodeModeError('session_closed', 'code mode session is shutting down'));
    const unclosed = (error: unknown) =>
      told(`it opened late and cannot be closed: ${messageOf(error)}`);
    // An opening that fails late leaves nothing behind.
    this.#started.then((session) => session.close().catch(unclosed)).catch(() => {});
  }

  #told(event: CellEvent): CellEvent {
    const isOver = event.type === 'completed' || event.type === 'terminated';
    if (isOver && this.#cells.delete(event.cellId)) this.#onRetired(event.cellId);
    return event;
  }
}

/** Without what the client did not say. The limits are checked by whoever runs the session. */
function given({ toolErrors, console, limits }: SessionOptions): SessionSettings {
  return {
    ...(toolErrors === undefined ? {} : { toolErrors }),
    ...(console === undefined ? {} : { console }),
    ...(limits === undefined ? {} : { limits: limits as Partial<SessionLimits> }),
  };
}

/** What `open` throws in place comes by the promise too. */
async function start(open: OpenSession, wish: SessionWish) {
  return await open(wish);
}

/** Events of a session that is being opened. */
class DeferredEvents implements LiveEvents {
  readonly #opening: Promise<LiveEvents>;
  #events: LiveEvents | null = null;

  constructor(opening: Promise<LiveEvents>) {
    this.#opening = opening.then((events) => {
      this.#events = events;
      return events;
    });
    this.#opening.catch(() => {});
  }

  async next(): Promise<IteratorResult<LiveEvent, undefined>> {
    return (await this.#opening).next();
  }

  take(): LiveEvent | undefined {
    return this.#events?.take();
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    const events = await this.#opening.catch(() => null);
    return (await events?.return()) ?? { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
