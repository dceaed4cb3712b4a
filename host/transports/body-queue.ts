const EMPTY: Buffer = Buffer.alloc(0);
/** Places that are free again are given back when there are so many, and more than half. */
const COMPACT_FROM = 1_024;

/** Messages that wait, first in, first out. */
export class BodyQueue {
  #bodies: Buffer[] = [];
  #first = 0;

  push(body: Buffer): void {
    this.#bodies.push(body);
  }

  /** Takes the first; null where there is none. */
  shift(): Buffer | null {
    const body = this.#bodies[this.#first];
    if (body === undefined) return null;
    this.#bodies[this.#first] = EMPTY;
    this.#first += 1;
    const isLong = this.#first >= COMPACT_FROM && this.#first * 2 >= this.#bodies.length;
    if (isLong || this.#first === this.#bodies.length) {
      this.#bodies.splice(0, this.#first);
      this.#first = 0;
    }
    return body;
  }

  clear(): void {
    this.#bodies = [];
    this.#first = 0;
  }
}
