import type { Cancelled } from '../../src/errors.ts';
import type { Connection } from '../wire/connection.ts';
import { PendingCalls, type Waiter } from '../wire/pending-calls.ts';
import type { DelegateResult } from '../wire/protocol.ts';

/** A client's answer, and the text of the message it came in. */
export interface DelegateAnswer {
  readonly id: number;
  readonly result: DelegateResult;
  readonly text: string;
}

/** A call, and on whose behalf it is made. */
export interface Asking {
  /** As JSON text. */
  readonly sessionId: string;
  readonly cellId: string;
  /** As JSON text. */
  readonly request: string;
}

/** A call of the client that was not answered yet. As few objects as can be: there may be very many. */
class Ask implements Waiter<DelegateAnswer>, EventListenerObject {
  readonly asking: Asking;
  readonly signal: AbortSignal;
  readonly #onAbort: (ask: Ask) => void;
  readonly #resolve: (answer: DelegateAnswer) => void;
  readonly #reject: (error: Error) => void;
  /** Null where it was not sent yet. */
  id: number | null = null;

  constructor(
    asking: Asking,
    signal: AbortSignal,
    onAbort: (ask: Ask) => void,
    resolve: (answer: DelegateAnswer) => void,
    reject: (error: Error) => void,
  ) {
    this.asking = asking;
    this.signal = signal;
    this.#onAbort = onAbort;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener('abort', this, { once: true });
  }

  answered(answer: DelegateAnswer): void {
    this.signal.removeEventListener('abort', this);
    this.#resolve(answer);
  }

  failed(error: Error): void {
    this.signal.removeEventListener('abort', this);
    this.#reject(error);
  }

  handleEvent(): void {
    this.#onAbort(this);
  }
}

function cellKey(sessionId: string, cellId: string): string {
  return `${sessionId} ${cellId}`;
}

/** How many calls may wait for their turn. */
const MAX_WAITING = 65_536;

/**
 * What a host asks its client to do: tool calls and notifications.
 *
 * So many are under way at once as the client can take, and none while the client does not read;
 * the others wait their turn, in order.
 */
export class DelegateCalls {
  readonly #connection: Connection;
  readonly #pending = new PendingCalls<DelegateAnswer>();
  readonly #waiting = new Set<Ask>();
  readonly #capacity: number;
  /** Calls that were cancelled and may still be answered, by cell. */
  readonly #cancelled = new Map<string, Set<Ask>>();
  readonly #own: boolean;
  #blocked = false;
  #failure: Error | null = null;

  /**
   * @param capacity Most calls under way at once.
   * @param own Whether the client understands `cellhost.cells`.
   */
  constructor(connection: Connection, capacity: number, own: boolean) {
    this.#connection = connection;
    this.#own = own;
    this.#capacity = capacity;
  }

  /** Calls that the client has, calls that wait, and calls that were cancelled and whose cell has not ended. */
  get counts(): { readonly pending: number; readonly waiting: number; readonly cancelled: number } {
    let cancelled = 0;
    for (const asks of this.#cancelled.values()) cancelled += asks.size;
    return { pending: this.#pending.size, waiting: this.#waiting.size, cancelled };
  }

  /**
   * Asks the client.
   *
   * @param signal Gives the call up, and tells the client. A client of our own may still answer
   *   until `endCell`; others are not waited for.
   * @throws The signal's reason; Error where the client is gone or the request is too large.
   */
  ask(asking: Asking, signal: AbortSignal): Promise<DelegateAnswer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.#failure !== null) return reject(this.#failure);
      if (this.#waiting.size >= MAX_WAITING) {
        return reject(new Error('code-mode host has too many pending delegate calls'));
      }
      const ask = new Ask(asking, signal, this.#onAbort, resolve, reject);
      if (this.#mayDispatch && this.#waiting.size === 0) this.#dispatch(ask);
      else this.#waiting.add(ask);
    });
  }

  /** Nobody waits any more for what a cell's cancelled calls bring. */
  endCell(sessionId: string, cellId: string): void {
    const cell = cellKey(sessionId, cellId);
    const asks = this.#cancelled.get(cell);
    if (asks === undefined) return;
    this.#cancelled.delete(cell);
    for (const ask of asks) {
      if (ask.id !== null && this.#pending.drop(ask.id)) ask.failed(ask.signal.reason);
    }
  }

  /** Takes an answer. One to a call that is not there any more is dropped. */
  answer(answer: DelegateAnswer): void {
    this.#pending.settle(answer.id, answer);
    if (this.#waiting.size > 0) this.#dispatchWaiting();
  }

  /** Fails every call, those to come too. */
  failAll(error: Error): void {
    this.#failure ??= error;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#cancelled.clear();
    for (const ask of waiting) ask.failed(error);
    this.#pending.failAll(error);
  }

  get #mayDispatch(): boolean {
    return !this.#blocked && this.#pending.size < this.#capacity;
  }

  #dispatchWaiting(): void {
    for (const ask of this.#waiting) {
      if (!this.#mayDispatch) return;
      this.#waiting.delete(ask);
      this.#dispatch(ask);
    }
  }

  #dispatch(ask: Ask): void {
    const id = this.#pending.open(ask);
    ask.id = id;
    const { sessionId, request } = ask.asking;
    try {
      this.#connection.sendText(
        `{"type":"delegate/request","id":${id},"sessionId":${sessionId},"request":${request}}`,
      );
    } catch (error) {
      this.#pending.drop(id);
      return ask.failed(new Error(tooLarge(error)));
    }
    const drained = this.#connection.drained();
    if (drained !== undefined) this.#block(drained);
  }

  #block(drained: Promise<void>): void {
    if (this.#blocked) return;
    this.#blocked = true;
    void drained.then(() => {
      this.#blocked = false;
      this.#dispatchWaiting();
    });
  }

  readonly #onAbort = (ask: Ask): void => {
    const { id, signal } = ask;
    if (this.#waiting.delete(ask)) return ask.failed(signal.reason);
    if (id === null) return;
    if (this.#own && this.#pending.has(id)) {
      const cell = cellKey(ask.asking.sessionId, ask.asking.cellId);
      const asks = this.#cancelled.get(cell) ?? new Set();
      this.#cancelled.set(cell, asks.add(ask));
      const { reason } = signal.reason as Cancelled;
      return this.#connection.send({ type: 'delegate/cancel', id, reason });
    }
    if (!this.#pending.drop(id)) return;
    this.#connection.send({ type: 'delegate/cancel', id });
    ask.failed(signal.reason);
    this.#dispatchWaiting();
  };
}

function tooLarge(error: unknown): string {
  return `code-mode delegate request exceeds the IPC frame limit: ${(error as Error).message}`;
}
