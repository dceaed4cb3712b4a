import { randomBytes } from 'node:crypto';

const COUNT_DIGITS = 12;

/**
 * The ids of the tool calls of one session: UUIDs whose last part is the number of the call, so that
 * an id that was given can be told from one that was not without remembering any.
 */
export class InvocationIds {
  readonly #head: string;

  constructor() {
    const hex = randomBytes(9).toString('hex');
    const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(12, 15)}`, `8${hex.slice(15)}`];
    this.#head = `${parts.join('-')}-`;
  }

  toId(number: number): string {
    return this.#head + number.toString(16).padStart(COUNT_DIGITS, '0');
  }

  /** The number in an id of this session; 0 if it is none. */
  toNumber(id: string): number {
    return id.startsWith(this.#head) ? Number.parseInt(id.slice(this.#head.length), 16) : 0;
  }
}
