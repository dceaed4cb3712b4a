/** How many ids of finished requests, closed sessions and cells that are over are remembered. */
const REMEMBERED = 4_096;

/** Ids that were used up, the latest 4,096 of them: none may come again. */
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
