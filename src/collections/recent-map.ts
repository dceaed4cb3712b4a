/** A map that forgets its oldest entry when there is one more than it may have. */
export class RecentMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #capacity: number;
  readonly #onForgotten: (key: K, value: V) => void;

  /** @param onForgotten Called in place with each entry that had to go. */
  constructor(capacity: number, onForgotten: (key: K, value: V) => void = () => {}) {
    this.#capacity = capacity;
    this.#onForgotten = onForgotten;
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

  /** Adds an entry, or renews it: it is the youngest now. */
  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return;
    for (const [oldest, forgotten] of this.#entries) {
      this.#entries.delete(oldest);
      return this.#onForgotten(oldest, forgotten);
    }
  }

  /** As `has`; an entry that is there becomes the youngest. */
  touch(key: K): boolean {
    const value = this.#entries.get(key);
    if (value === undefined && !this.#entries.has(key)) return false;
    this.#entries.delete(key);
    this.#entries.set(key, value as V);
    return true;
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
