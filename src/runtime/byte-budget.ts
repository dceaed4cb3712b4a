/**
 * Bytes that may be pending at one time: of a cell within its session, and of a session within its
 * host. Bytes also count in every enclosing budget.
 */
export class ByteBudget {
  /** The limit that sets this budget; errors name it. */
  readonly name: string;
  readonly maxBytes: number;
  readonly #around: ByteBudget | null;
  readonly #onWaiting: () => void;
  #used = 0;
  #waiting = 0;

  /**
   * @param around The enclosing budget.
   * @param onWaiting Called in place whenever `waiting` has changed.
   */
  constructor(
    name: string,
    maxBytes: number,
    around: ByteBudget | null = null,
    onWaiting: () => void = () => {},
  ) {
    this.name = name;
    this.maxBytes = maxBytes;
    this.#around = around;
    this.#onWaiting = onWaiting;
  }

  /** Bytes that are reserved. */
  get used(): number {
    return this.#used;
  }

  /** Bytes of results that wait for their programs. They are not among those that are reserved. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Counts the bytes of a result while it waits, or negative ones when it does no longer, here and in
   * the enclosing budgets. None is refused: it is in memory already.
   */
  countWaiting(bytes: number): void {
    this.#waiting += bytes;
    this.#around?.countWaiting(bytes);
    this.#onWaiting();
  }

  /**
   * Reserves bytes in this budget and all enclosing ones, or in none of them.
   *
   * @returns The budget that has no room for them; null if they are reserved.
   */
  reserve(bytes: number): ByteBudget | null {
    if (this.#used + bytes > this.maxBytes) return this;
    const full = this.#around?.reserve(bytes) ?? null;
    if (full === null) this.#used += bytes;
    return full;
  }

  /** Returns reserved bytes. */
  free(bytes: number): void {
    this.#used -= bytes;
    this.#around?.free(bytes);
  }
}
