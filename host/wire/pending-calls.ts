/** Who waits for the answer to a call. Told once, in place: before the next message is read. */
export interface Waiter<A> {
  /** Must not throw. */
  answered(answer: A): void;
  /** Called instead where no answer can come. */
  failed(error: Error): void;
}

/**
 * Calls of this side that the peer has not answered, by id.
 *
 * Each is settled once: by its answer, or by `failAll`.
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
   * Takes a call. Fails it at once where no answer can come any more.
   *
   * @returns The id to send with the call.
   */
  open(waiter: Waiter<A>): number {
    this.#lastId += 1;
    if (this.#failure === null) this.#calls.set(this.#lastId, waiter);
    else waiter.failed(this.#failure);
    return this.#lastId;
  }

  /** @returns Whether a call of this id waited. */
  settle(id: number, answer: A): boolean {
    const call = this.#calls.get(id);
    if (call === undefined) return false;
    this.#calls.delete(id);
    call.answered(answer);
    return true;
  }

  /** Whether a call of this id waits. */
  has(id: number): boolean {
    return this.#calls.has(id);
  }

  /** Forgets a call: its answer, if it still comes, is nobody's. @returns Whether it waited. */
  drop(id: number): boolean {
    return this.#calls.delete(id);
  }

  /** Fails every call, those to come too. The first reason stays. */
  failAll(error: Error): void {
    this.#failure ??= error;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const waiter of calls) waiter.failed(this.#failure);
  }
}
