/**
 * Bytes that may be pending at one time: of a cell within its session, and of a session within its
 * host. Reserved bytes also count in every enclosing budget.
 */
export class ByteBudget {
  /** The limit that sets this budget; errors name it. */
  readonly name: string;
  readonly maxBytes: number;
  readonly #around: ByteBudget | null;
  #used = 0;

  /** @param around The enclosing budget. */
  constructor(name: string, maxBytes: number, around: ByteBudget | null = null) {
    this.name = name;
    this.maxBytes = maxBytes;
    this.#around = around;
  }

  /** Bytes that are reserved. */
  get used(): number {
    return this.#used;
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
