/** A set of ids that forgets the one that was added or asked about longest ago. */
export class RecentIds {
  readonly #ids = new Set<string>();
  readonly #capacity: number;

  /** @param capacity How many are remembered at most. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#ids.size;
  }

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.add(id);
    if (this.#ids.size <= this.#capacity) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }

  /** Whether it is remembered. */
  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Whether it is remembered; if so, it counts as the latest. */
  touch(id: string): boolean {
    if (!this.#ids.has(id)) return false;
    this.add(id);
    return true;
  }

  delete(id: string): void {
    this.#ids.delete(id);
  }
}
