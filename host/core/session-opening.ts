import type { Delegate } from '../../src/delegate.ts';
import { CodeModeError, messageOf } from '../../src/errors.ts';
import type { CellEvent } from '../../src/events.ts';
import type { Session, SessionSettings } from '../../src/session.ts';
import { startTimer } from '../../src/waiting/timer.ts';
import { ForwardedSession } from './forwarded-session.ts';

/** What a client wants of a session that is opened elsewhere. */
export interface SessionWish {
  /** Asks the client for what programs call. */
  readonly delegate: Delegate;
  readonly options: SessionSettings;
  /** Aborts when the client no longer wants the session. */
  readonly signal: AbortSignal;
}

/** Opens a session for a client of a host, wherever it runs. The host closes it. */
export type SessionOpener = (
  wish: SessionWish,
) => Promise<Session & { readonly remoteUrl?: string | undefined }>;

/** When to abandon a session whose opening does not end although its client has left. */
export interface Abandonment {
  /** Milliseconds from the abort of its signal. */
  readonly afterMs: number;
  /** Receives a message for the log. */
  told(what: string): void;
}

/** A session that is being opened elsewhere. Requests to it wait until it is open. */
export class SessionOpening {
  /** Usable at once. Closing it aborts the opening. */
  readonly session: Session;
  /** The result of `open`, which may arrive after the session was abandoned. */
  readonly #started: ReturnType<SessionOpener>;
  readonly #open = Promise.withResolvers<Awaited<ReturnType<SessionOpener>>>();
  readonly #wanted = new AbortController();
  readonly #onRetired: (cellId: string) => void;
  readonly #abandonment: Abandonment;
  readonly #cells = new Set<string>();

  /** @param onRetired Called when the end of a cell was delivered, or can no longer be requested. */
  constructor(
    open: SessionOpener,
    wish: Omit<SessionWish, 'signal'>,
    onRetired: (cellId: string) => void,
    abandonment: Abandonment,
  ) {
    this.#onRetired = onRetired;
    this.#abandonment = abandonment;
    this.#started = start(open, { ...wish, signal: this.#wanted.signal });
    this.#started.then(this.#open.resolve, this.#open.reject);
    this.#open.promise.catch(() => {});
    this.session = new ForwardedSession(this.#open.promise, {
      started: (cellId) => this.#cells.add(cellId),
      answered: (event) => this.#answered(event),
      close: () => this.#close(),
    });
  }

  /** @returns The address where the session can be watched, once it is open. @throws Why it cannot be opened. */
  async opened(): Promise<string | undefined> {
    return (await this.#open.promise).remoteUrl;
  }

  async #close(): Promise<void> {
    this.#wanted.abort();
    const deadline = startTimer(() => this.#abandon(), this.#abandonment.afterMs);
    const session = await this.#open.promise.catch(() => null);
    clearTimeout(deadline);
    try {
      await session?.close();
    } finally {
      for (const cellId of this.#cells) this.#onRetired(cellId);
      this.#cells.clear();
    }
  }

  /** Fails the requests that wait for the session. If it opens late, it is closed. */
  #abandon(): void {
    const { afterMs, told } = this.#abandonment;
    told(`open did not end within ${afterMs} ms of the abort of its signal`);
    this.#open.reject(new CodeModeError('session_closed', 'code mode session is shutting down'));
    const unclosed = (error: unknown) =>
      told(`it opened late and cannot be closed: ${messageOf(error)}`);
    // A late failure leaves nothing behind.
    this.#started.then((session) => session.close().catch(unclosed)).catch(() => {});
  }

  #answered(event: CellEvent): void {
    const isOver = event.type === 'completed' || event.type === 'terminated';
    if (isOver && this.#cells.delete(event.cellId)) this.#onRetired(event.cellId);
  }
}

/** Turns a synchronous throw of `open` into a rejection. */
async function start(open: SessionOpener, wish: SessionWish) {
  return await open(wish);
}
