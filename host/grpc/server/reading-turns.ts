/**
 * Who is read, few at a time and first come, first served: many large requests become whole one after
 * another, and not all at the end.
 */
export class ReadingTurns<T> {
  readonly #most: number;
  readonly #holding = new Set<T>();
  readonly #waiting = new Set<T>();

  /** @param most How many have a turn at a time. */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many wait for a turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  holds(one: T): boolean {
    return this.#holding.has(one);
  }

  waits(one: T): boolean {
    return this.#waiting.has(one);
  }

  /** Somebody new wants a turn. @returns Whether it has one; otherwise it gets one later. */
  want(one: T): boolean {
    const hasTurn = this.#holding.size < this.#most;
    (hasTurn ? this.#holding : this.#waiting).add(one);
    return hasTurn;
  }

  /** Somebody wants nothing any more. @returns Who has a turn now; undefined if that is nobody else. */
  leave(one: T): T | undefined {
    this.#waiting.delete(one);
    if (!this.#holding.delete(one) || this.#holding.size >= this.#most) return undefined;
    return this.next();
  }

  /** Gives one more a turn, since those that have one make no use of it. @returns Who has it. */
  next(): T | undefined {
    const [next] = this.#waiting;
    if (next === undefined) return undefined;
    this.#waiting.delete(next);
    this.#holding.add(next);
    return next;
  }
}
