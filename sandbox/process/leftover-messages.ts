import type { Frame } from './frames.ts';

/** The length that a frame without texts counts as, in UTF-16 units. */
const BARE_LENGTH = 16;
/** What an honest process may have in its pipe and in an isolate's queue, in UTF-16 units, beside two values. */
const QUEUED_LENGTH = 8 << 20;

/**
 * Drops messages of killed programs that were already on their way. Their amount is limited: an honest
 * process stops sending as soon as it reads that a program is to be killed.
 */
export class LeftoverMessages {
  readonly #maxLength: number;
  readonly #lengths = new Map<number, number>();

  /** @param maxValueLength Length of the longest value, in UTF-16 units. */
  constructor(maxValueLength: number) {
    this.#maxLength = 2 * maxValueLength + QUEUED_LENGTH;
  }

  /** @throws Error if this program has sent more than can have been on its way. */
  drop({ run, texts }: Frame): void {
    let length = (this.#lengths.get(run) ?? 0) + BARE_LENGTH;
    for (const text of texts) length += text?.length ?? 0;
    if (length > this.#maxLength) {
      throw new Error(`Cannot accept the message: program ${run} goes on although it was killed`);
    }
    this.#lengths.set(run, length);
  }

  /** The program is gone: it must not send anything any more. */
  forget(run: number): void {
    this.#lengths.delete(run);
  }
}
