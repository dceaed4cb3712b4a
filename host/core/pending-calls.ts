/** Waits for the answer to a call. Notified once and synchronously, before the next message is read. */
export interface Waiter<A> {
  /** Must not throw. */
  answered(answer: A): void;
  /** Called instead if no answer can arrive. */
  failed(error: Error): void;
}

/**
 * Calls that the peer has not answered, by id.
 *
 * Each call is settled once: by its answer, or by `failAll`.
 */
export class PendingCalls<A> {
  readonly #calls = new Map<number, Waiter<A>>();
  #lastId = 0;
  #failure: Error | null = null;

  /** Calls without an answer. */
  get size(): number {
    return this.#calls.size;
  }

  /**
   * Adds a call. Fails it at once after `failAll`.
   *
   * @returns The id to send with the call.
   */
  open(waiter: Waiter<A>): number {
    this.#lastId += 1;
    if (this.#failure === null) this.#calls.set(this.#lastId, waiter);
    else waiter.failed(this.#failure);
    return this.#lastId;
  }

  /** @returns Whether a call with this id was waiting. */
  settle(id: number, answer: A): boolean {
    const call = this.#calls.get(id);
    if (call === undefined) return false;
    this.#calls.delete(id);
    call.answered(answer);
    return true;
  }

  /** Whether a call with this id is waiting. */
  has(id: number): boolean {
    return this.#calls.has(id);
  }

  /** Removes a call, so that its answer is ignored. @returns Whether it was waiting. */
  drop(id: number): boolean {
    return this.#calls.delete(id);
  }

  /** Fails every call, later ones too. The first reason is kept. */
  failAll(error: Error): void {
    this.#failure ??= error;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const waiter of calls) waiter.failed(this.#failure);
  }
}
