import { lengthOfItem, type OutputItem } from '../events.ts';
import type { SessionLimits } from '../limits.ts';

/** How long a program with a lot of unread output is paused, in milliseconds. */
const PATIENCE_MS = 2_000;

/** A program that can be paused. */
export interface Pausable {
  pause(): void;
  unpause(): void;
}

type OutputLimits = Pick<SessionLimits, 'maxOutputLength' | 'maxOutputItems'>;

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

  /** Counts an item. @returns Null, or the limit that it exceeds; then it is not counted. */
  add(item: OutputItem): keyof OutputLimits | null {
    const length = lengthOfItem(item);
    if (this.#length + length > this.#limits.maxOutputLength) return 'maxOutputLength';
    if (this.#items >= this.#limits.maxOutputItems) return 'maxOutputItems';
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
    this.unpause();
  }

  unpause(): void {
    this.#gaveUp = false;
    clearTimeout(this.#timer);
    this.#paused?.unpause();
    this.#paused = null;
  }
}
