import type { ToolAnswer } from '../src/sandbox.ts';

type Item =
  | { readonly type: 'answer'; readonly id: number; readonly answer: ToolAnswer }
  | { readonly type: 'timer'; readonly id: number };

/** Most answers that go down in one entry. */
const MAX_BATCH = 1_024;
/** Most text that goes down in one entry, if it is more than one answer. */
const MAX_BATCH_LENGTH = 1 << 20;

/**
 * What waits to be handed down to a program, in the order it came.
 *
 * Answers that wait together go down together; a timer goes alone, so that what its callback set in
 * motion is done before the next one fires.
 */
export class Inbox {
  readonly #maxValueLength: number;
  #items: Item[] = [];
  #taken = 0;
  #settledNotifications = 0;

  /** @param maxValueLength A longer answer becomes an error that says so. */
  constructor(maxValueLength: number) {
    this.#maxValueLength = maxValueLength;
  }

  get empty(): boolean {
    return this.#taken === this.#items.length;
  }

  addAnswer(id: number, answer: ToolAnswer): void {
    this.#items.push({ type: 'answer', id, answer });
  }

  addTimer(id: number): void {
    this.#items.push({ type: 'timer', id });
  }

  /** Counts a notification that is over; told when something else goes down. */
  addSettledNotification(): void {
    this.#settledNotifications += 1;
  }

  clear(): void {
    this.#items = [];
    this.#taken = 0;
  }

  /** The next batch, as JSON text of a `Down`. Not to be called while empty. */
  take(): string {
    const parts: string[] = [];
    let length = 0;
    while (!this.empty && parts.length < MAX_BATCH) {
      const item = this.#items[this.#taken]!;
      const part = item.type === 'timer' ? `[${item.id}]` : this.#encode(item.id, item.answer);
      if (parts.length > 0 && (item.type === 'timer' || length + part.length > MAX_BATCH_LENGTH)) {
        break;
      }
      parts.push(part);
      length += part.length;
      this.#taken += 1;
      if (item.type === 'timer') break;
    }
    if (this.empty) this.clear();
    parts.push(String(this.#settledNotifications));
    this.#settledNotifications = 0;
    return `[${parts.join(',')}]`;
  }

  #encode(id: number, answer: ToolAnswer): string {
    if (!answer.ok) return encodeError(id, answer.message.slice(0, this.#maxValueLength));
    const { length } = answer.json;
    if (length <= this.#maxValueLength) return `[${id},1,${answer.json}]`;
    const bound = `the limit is ${this.#maxValueLength} (maxValueLength)`;
    return encodeError(id, `the tool's result has ${length} characters, ${bound}`);
  }
}

function encodeError(id: number, message: string): string {
  return `[${id},0,${JSON.stringify(message)}]`;
}
