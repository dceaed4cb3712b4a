import { type OutputItem, textOfItem } from '../events.ts';
import type { SessionLimits } from '../limits.ts';
import { jsonBytes, MAX_UNIT_BYTES } from './json-bytes.ts';

/** How long a program with a lot of unread output is paused, in milliseconds. */
const PATIENCE_MS = 2_000;

/** A program that can be paused. */
export interface Pausable {
  pause(): void;
  unpause(): void;
}

/** What an item takes as JSON beside its text, in bytes. */
const ITEM_BYTES = 64;

type OutputLimits = Pick<SessionLimits, 'maxOutputLength' | 'maxOutputItems' | 'maxOutputBytes'>;

/**
 * Counts the unread output of a cell, and pauses the program while there is a lot of it.
 *
 * So a cell that is observed in a loop can deliver any amount of output. Without an observer for two
 * seconds, the program resumes, and then its limit ends it.
 */
export class UnreadOutput {
  readonly #limits: OutputLimits;
  #length = 0;
  #items = 0;
  /** What they take as JSON in bytes, as far as that was worked out: it need not be for little output. */
  #bytes = 0;
  #unweighed: OutputItem[] = [];
  #paused: Pausable | null = null;
  #timer: NodeJS.Timeout | undefined;
  #gaveUp = false;

  constructor(limits: OutputLimits) {
    this.#limits = limits;
  }

  /** In UTF-16 units. */
  get length(): number {
    return this.#length;
  }

  /** Whether more than half of a limit is used. */
  get isCrowded(): boolean {
    const { maxOutputLength, maxOutputItems } = this.#limits;
    return this.#length > maxOutputLength / 2 || this.#items > maxOutputItems / 2;
  }

  /** Counts an item. @returns The limit that it exceeds, in which case it is not counted; otherwise null. */
  add(item: OutputItem): keyof OutputLimits | null {
    const { length } = textOfItem(item);
    if (this.#length + length > this.#limits.maxOutputLength) return 'maxOutputLength';
    if (this.#items >= this.#limits.maxOutputItems) return 'maxOutputItems';
    if (!this.#fits(item, length)) return 'maxOutputBytes';
    this.#length += length;
    this.#items += 1;
    return null;
  }

  /** Pauses the program until output is taken. */
  pause(program: Pausable): void {
    if (this.#gaveUp || this.#paused !== null) return;
    this.#paused = program;
    program.pause();
    this.#timer = setTimeout(() => {
      this.unpause();
      this.#gaveUp = true;
    }, PATIENCE_MS);
  }

  /** An observer took everything. */
  taken(): void {
    this.#length = 0;
    this.#items = 0;
    this.#bytes = 0;
    this.#unweighed = [];
    this.unpause();
  }

  /** Output is weighed as soon as the worst case of it would not fit. */
  #fits(item: OutputItem, length: number): boolean {
    const { maxOutputBytes } = this.#limits;
    const atMost = (this.#length + length) * MAX_UNIT_BYTES + (this.#items + 1) * ITEM_BYTES;
    this.#unweighed.push(item);
    if (atMost <= maxOutputBytes) return true;
    let bytes = this.#bytes;
    for (const each of this.#unweighed) bytes += ITEM_BYTES + jsonBytes(textOfItem(each));
    if (bytes > maxOutputBytes) {
      this.#unweighed.pop();
      return false;
    }
    this.#bytes = bytes;
    this.#unweighed = [];
    return true;
  }

  unpause(): void {
    this.#gaveUp = false;
    clearTimeout(this.#timer);
    this.#paused?.unpause();
    this.#paused = null;
  }
}
