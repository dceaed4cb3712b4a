import { RecentMap } from './recent-map.ts';

/** A set of bounded size: when it is full, a new value displaces the oldest one. */
export class RecentSet<V> {
  readonly #values: RecentMap<V, V>;

  /** @param capacity How many values are kept at most. */
  constructor(capacity: number) {
    this.#values = new RecentMap(capacity);
  }

  get size(): number {
    return this.#values.size;
  }

  has(value: V): boolean {
    return this.#values.has(value);
  }

  /** Adds a value, or makes it the youngest if it is in the set. @returns The value that it displaced. */
  add(value: V): V | undefined {
    return this.#values.set(value, value);
  }

  /** Makes a value the youngest. @returns Whether it is in the set. */
  touch(value: V): boolean {
    return this.#values.touch(value);
  }

  delete(value: V): boolean {
    return this.#values.delete(value);
  }
}
