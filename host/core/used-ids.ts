/** How many ids of finished requests, closed sessions and closed cells are remembered. */
const REMEMBERED = 4_096;

/** The latest 4,096 ids that were used up and may not be used again. */
export class UsedIds<I> {
  readonly #ids = new Set<I>();

  add(id: I): void {
    this.#ids.add(id);
    if (this.#ids.size <= REMEMBERED) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }

  has(id: I): boolean {
    return this.#ids.has(id);
  }
}
