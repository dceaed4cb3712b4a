/** A map of bounded size: when it is full, a new entry displaces the oldest one. */
export class RecentMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #capacity: number;

  /** @param capacity How many entries are kept at most. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** The values, the oldest first. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  /** Adds or replaces an entry, which becomes the youngest. @returns The value that it displaced. */
  set(key: K, value: V): V | undefined {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return undefined;
    for (const [oldest, displaced] of this.#entries) {
      this.#entries.delete(oldest);
      return displaced;
    }
    return undefined;
  }

  /** Makes an entry the youngest. @returns Whether it exists. */
  touch(key: K): boolean {
    if (!this.#entries.has(key)) return false;
    this.set(key, this.#entries.get(key) as V);
    return true;
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
