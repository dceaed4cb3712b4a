import type { Cancelled, CancelReason } from '../../src/errors.ts';
import type { CancelListener, PassedCall } from '../../src/runtime/passed-call.ts';
import { PendingCalls, type Waiter } from './pending-calls.ts';

/** A call to a client: a tool call or a notification of a cell, as its wire needs it. */
export interface OutgoingCall<A> {
  readonly sessionId: string;
  readonly cellId: string;
  /** What the client's answer means. @throws Why the call has failed. */
  readonly read: (answer: A) => unknown;
}

/** Sends calls over one wire. */
export interface CallOutlet<C> {
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
class Pending<C extends OutgoingCall<A>, A> implements Waiter<A>, CancelListener {
  readonly call: C;
  readonly #passed: PassedCall;
  readonly #onCancel: (pending: Pending<C, A>, reason: Cancelled) => void;
  /** Null until it is sent. */
  id: number | null = null;

  constructor(
    call: C,
    passed: PassedCall,
    onCancel: (pending: Pending<C, A>, reason: Cancelled) => void,
  ) {
    this.call = call;
    this.#passed = passed;
    this.#onCancel = onCancel;
    passed.listener = this;
  }

  /** Why it was cancelled. */
  get reason(): Cancelled {
    return this.#passed.reason!;
  }

  answered(answer: A): void {
    this.#passed.listener = null;
    let result: unknown;
    try {
      result = this.call.read(answer);
    } catch (error) {
      return this.#passed.failed(error);
    }
    this.#passed.answered(result);
  }

  failed(error: Error): void {
    this.#passed.listener = null;
    this.#passed.failed(error);
  }

  cancelled(reason: Cancelled): void {
    this.#onCancel(this, reason);
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
export class OutgoingCalls<C extends OutgoingCall<A>, A> {
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
   * Passes a call on. If it is cancelled, the client is told. A client that answers cancelled calls may
   * still do so until `endCell`. It fails if the client is gone, or the call cannot be sent.
   */
  pass(call: C, passed: PassedCall): void {
    if (passed.reason !== null) return passed.failed(passed.reason);
    if (this.#failure !== null) return passed.failed(this.#failure);
    if (this.#waiting.size >= MAX_WAITING) {
      return passed.failed(new Error('code-mode host has too many pending delegate calls'));
    }
    const pending = new Pending<C, A>(call, passed, this.#onCancel);
    if (this.#maySend && this.#waiting.size === 0) this.#send(pending);
    else this.#waiting.add(pending);
  }

  /** Fails the cancelled calls of a cell: their answers are no longer waited for. */
  endCell(sessionId: string, cellId: string): void {
    const cell = cellKey(sessionId, cellId);
    const calls = this.#cancelled.get(cell);
    if (calls === undefined) return;
    this.#cancelled.delete(cell);
    for (const pending of calls) {
      if (pending.id !== null && this.#sent.drop(pending.id)) pending.failed(pending.reason);
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

  readonly #onCancel = (pending: Pending<C, A>, cancelled: Cancelled): void => {
    const { id, call } = pending;
    const { reason } = cancelled;
    if (this.#waiting.delete(pending)) return pending.failed(cancelled);
    if (id === null || !this.#sent.has(id)) return;
    if (this.#options.answersCancelled) {
      const cell = cellKey(call.sessionId, call.cellId);
      const calls = this.#cancelled.get(cell) ?? new Set();
      this.#cancelled.set(cell, calls.add(pending));
      return this.#outlet.cancel(id, reason);
    }
    this.#sent.drop(id);
    this.#outlet.cancel(id, reason);
    pending.failed(cancelled);
    this.#sendWaiting();
  };
}

function cellKey(sessionId: string, cellId: string): string {
  return `${sessionId} ${cellId}`;
}
