import { Fifo } from '../../src/collections/fifo.ts';
import type { JsonText } from '../../src/delegate.ts';
import type { ErrorText } from '../../src/errors.ts';
import type { Deliver, Piece } from '../bootstrap/bridge-types.ts';
import { isLong, piecesOf } from './text-pieces.ts';

type Item =
  | { readonly type: 'answer'; readonly id: number; readonly ok: boolean; readonly text: string }
  | { readonly type: 'timer'; readonly id: number };

/** How many answers go down in one entry at most. */
const MAX_BATCH = 1_024;
/** How long the answers of one entry are together at most, in UTF-16 units, if there is more than one. */
const MAX_BATCH_LENGTH = 1 << 20;

/**
 * What waits to be delivered to a program, in the order it came.
 *
 * Answers that wait together are delivered together, but a long one alone and in pieces. A timer is
 * delivered alone, so that everything its callback started is done before the next timer fires.
 */
export class Inbox {
  readonly #maxValueLength: number;
  readonly #items = new Fifo<Item>();
  #settledNotifications = 0;

  /** @param maxValueLength A longer answer becomes an error that says so. */
  constructor(maxValueLength: number) {
    this.#maxValueLength = maxValueLength;
  }

  get empty(): boolean {
    return this.#items.size === 0;
  }

  addAnswer(id: number, ok: boolean, text: string | JsonText | ErrorText): void {
    this.#items.push({ type: 'answer', id, ok, text: typeof text === 'string' ? text : text.text });
  }

  addTimer(id: number): void {
    this.#items.push({ type: 'timer', id });
  }

  /** Counts a delivered notification. The program learns of it with the next delivery. */
  addSettledNotification(): void {
    this.#settledNotifications += 1;
  }

  clear(): void {
    this.#items.clear();
  }

  /** The next batch. If nothing waits, it has no answers. */
  take(direct = false): Parameters<Deliver> {
    const batch: [boolean, number, number, ...(number | string | Piece)[]] = [
      direct,
      this.#settledNotifications,
      0,
    ];
    this.#settledNotifications = 0;
    let length = 0;
    for (let answers = 0; answers < MAX_BATCH; answers += 1) {
      const item = this.#items.peek();
      if (item === undefined) break;
      if (item.type === 'timer') {
        if (answers > 0) break;
        batch[2] = item.id;
        this.#items.shift();
        break;
      }
      const { ok, text } = this.#bounded(item.ok, item.text);
      const isAlone = isLong(text);
      if (answers > 0 && (isAlone || length + text.length > MAX_BATCH_LENGTH)) break;
      this.#items.shift();
      const id = ok ? item.id : -item.id;
      if (isAlone) {
        batch.push(id, ...piecesOf(text));
        break;
      }
      batch.push(id, text);
      length += text.length;
    }
    return batch;
  }

  #bounded(ok: boolean, text: string): { readonly ok: boolean; readonly text: string } {
    const { length } = text;
    if (length <= this.#maxValueLength) return { ok, text };
    if (!ok) return { ok, text: text.slice(0, this.#maxValueLength) };
    const bound = `the limit is ${this.#maxValueLength} (maxValueLength)`;
    return { ok: false, text: `the tool's result has ${length} characters, ${bound}` };
  }
}
