import type { Reading } from './reading-gate.ts';

/** Lets several parties pause one reader: it reads while none of them does. */
export class SharedReading implements Reading {
  readonly #reader: Reading;
  #pauses = 0;

  constructor(reader: Reading) {
    this.#reader = reader;
  }

  pause(): void {
    this.#pauses += 1;
    if (this.#pauses === 1) this.#reader.pause();
  }

  /** Every `pause` needs one. */
  resume(): void {
    this.#pauses -= 1;
    if (this.#pauses === 0) this.#reader.resume();
  }
}
