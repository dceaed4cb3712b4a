/**
 * Bytes that may wait at one time: for a cell within its session, and a session within its host.
 * What is reserved counts in every budget around it.
 */
export class ByteBudget {
  /** The limit that sets it, as errors name it. */
  readonly name: string;
  readonly maxBytes: number;
  readonly #around: ByteBudget | null;
  #used = 0;

  /** @param around The budget that this one is a part of. */
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
   * Reserves bytes, in this budget and all around it or in none.
   *
   * @returns The budget that has no room for them; null if they are reserved.
   */
  reserve(bytes: number): ByteBudget | null {
    if (this.#used + bytes > this.maxBytes) return this;
    const full = this.#around?.reserve(bytes) ?? null;
    if (full === null) this.#used += bytes;
    return full;
  }

  /** Gives back what was reserved. */
  free(bytes: number): void {
    this.#used -= bytes;
    this.#around?.free(bytes);
  }
}
