import type { Cancelled, CancelReason } from '../../src/errors.ts';
import type { CallSignal, CancelListener } from '../../src/runtime/lean-signal.ts';
import { PendingCalls, type Waiter } from './pending-calls.ts';

/** A call to a client: a tool call or a notification of a cell, as its wire needs it. */
export interface OutgoingCall {
  readonly sessionId: string;
  readonly cellId: string;
}

/** Sends calls over one wire. */
export interface CallOutlet<C extends OutgoingCall> {
  /**
   * @returns Undefined if the call was sent in place; otherwise resolves when it was.
   * @throws Error if the call cannot be sent, also later; nothing was sent then.
   */
  send(id: number, call: C): Promise<void> | undefined;
  /** Tells the client that a call which it has was cancelled. */
  cancel(id: number, reason: CancelReason): void;
  /** What to wait for before sending more; undefined if there is room. */
  drained(): Promise<void> | undefined;
}

/** How a client takes calls. */
export interface OutgoingCallsOptions {
  /** Most calls in progress at once. */
  readonly capacity: number;
  /** Whether the client answers calls that were cancelled, so that their answers are waited for. */
  readonly answersCancelled: boolean;
}

/** A call without an answer. It consists of as few objects as possible: there may be very many. */
class Pending<C, A> implements Waiter<A>, CancelListener {
  readonly call: C;
  readonly signal: CallSignal;
  readonly #onAbort: (pending: Pending<C, A>) => void;
  readonly #resolve: (answer: A) => void;
  readonly #reject: (error: Error) => void;
  /** Null until it is sent. */
  id: number | null = null;

  constructor(
    call: C,
    signal: CallSignal,
    onAbort: (pending: Pending<C, A>) => void,
    resolve: (answer: A) => void,
    reject: (error: Error) => void,
  ) {
    this.call = call;
    this.signal = signal;
    this.#onAbort = onAbort;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener('abort', this, { once: true });
  }

  answered(answer: A): void {
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

/** How many calls may wait for their turn. */
const MAX_WAITING = 65_536;

/**
 * The calls of a host to one client.
 *
 * At most `capacity` calls are in progress at once, and no call is sent while the client does not
 * read. The other calls wait, in order.
 */
export class OutgoingCalls<C extends OutgoingCall, A> {
  readonly #outlet: CallOutlet<C>;
  readonly #options: OutgoingCallsOptions;
  readonly #sent = new PendingCalls<A>();
  readonly #waiting = new Set<Pending<C, A>>();
  /** Calls that were cancelled and may still be answered, by cell. */
  readonly #cancelled = new Map<string, Set<Pending<C, A>>>();
  #isBlocked = false;
  #failure: Error | null = null;

  constructor(outlet: CallOutlet<C>, options: OutgoingCallsOptions) {
    this.#outlet = outlet;
    this.#options = options;
  }

  /** Calls that the client has, calls that wait, and cancelled calls whose cell has not ended. */
  get counts(): { readonly pending: number; readonly waiting: number; readonly cancelled: number } {
    let cancelled = 0;
    for (const calls of this.#cancelled.values()) cancelled += calls.size;
    return { pending: this.#sent.size, waiting: this.#waiting.size, cancelled };
  }

  /**
   * Makes a call.
   *
   * @param signal Cancels the call and tells the client. A client that answers cancelled calls may
   *   still do so until `endCell`.
   * @throws The signal's reason; Error if the client is gone, or the call cannot be sent.
   */
  make(call: C, signal: CallSignal): Promise<A> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.#failure !== null) return reject(this.#failure);
      if (this.#waiting.size >= MAX_WAITING) {
        return reject(new Error('code-mode host has too many pending delegate calls'));
      }
      const pending = new Pending<C, A>(call, signal, this.#onAbort, resolve, reject);
      if (this.#maySend && this.#waiting.size === 0) this.#send(pending);
      else this.#waiting.add(pending);
    });
  }

  /** Rejects the cancelled calls of a cell: their answers are no longer waited for. */
  endCell(sessionId: string, cellId: string): void {
    const cell = cellKey(sessionId, cellId);
    const calls = this.#cancelled.get(cell);
    if (calls === undefined) return;
    this.#cancelled.delete(cell);
    for (const pending of calls) {
      if (pending.id !== null && this.#sent.drop(pending.id)) pending.failed(pending.signal.reason);
    }
  }

  /** Settles a call. An answer to a call that is not pending is ignored. */
  answer(id: number, answer: A): void {
    this.#sent.settle(id, answer);
    if (this.#waiting.size > 0) this.#sendWaiting();
  }

  /** Fails every call, later ones too. */
  failAll(error: Error): void {
    this.#failure ??= error;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#cancelled.clear();
    for (const pending of waiting) pending.failed(error);
    this.#sent.failAll(error);
  }

  get #maySend(): boolean {
    return !this.#isBlocked && this.#sent.size < this.#options.capacity;
  }

  #sendWaiting(): void {
    for (const pending of this.#waiting) {
      if (!this.#maySend) return;
      this.#waiting.delete(pending);
      this.#send(pending);
    }
  }

  #send(pending: Pending<C, A>): void {
    const id = this.#sent.open(pending);
    pending.id = id;
    try {
      this.#outlet.send(id, pending.call)?.catch((error: Error) => this.#unsent(pending, error));
    } catch (error) {
      return this.#unsent(pending, error as Error);
    }
    const drained = this.#outlet.drained();
    if (drained !== undefined) this.#block(drained);
  }

  #unsent(pending: Pending<C, A>, error: Error): void {
    if (pending.id !== null && this.#sent.drop(pending.id)) pending.failed(error);
  }

  #block(drained: Promise<void>): void {
    if (this.#isBlocked) return;
    this.#isBlocked = true;
    void drained.then(() => {
      this.#isBlocked = false;
      this.#sendWaiting();
    });
  }

  readonly #onAbort = (pending: Pending<C, A>): void => {
    const { id, signal, call } = pending;
    if (this.#waiting.delete(pending)) return pending.failed(signal.reason);
    if (id === null || !this.#sent.has(id)) return;
    const { reason } = signal.reason as Cancelled;
    if (this.#options.answersCancelled) {
      const cell = cellKey(call.sessionId, call.cellId);
      const calls = this.#cancelled.get(cell) ?? new Set();
      this.#cancelled.set(cell, calls.add(pending));
      return this.#outlet.cancel(id, reason);
    }
    this.#sent.drop(id);
    this.#outlet.cancel(id, reason);
    pending.failed(signal.reason);
    this.#sendWaiting();
  };
}

function cellKey(sessionId: string, cellId: string): string {
  return `${sessionId} ${cellId}`;
}
