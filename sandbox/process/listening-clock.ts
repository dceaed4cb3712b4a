/**
 * Counts the time in which this process was able to hear others.
 *
 * A busy process hears nothing, and by the wall clock all others would seem silent afterwards. So a
 * late look at the clock counts as one that is only a little late.
 */
export class ListeningClock {
  readonly #mostMs: number;
  #lookedMs = 0;
  #nowMs = 0;

  /** @param mostMs The most time that counts between two looks, in milliseconds. */
  constructor(mostMs: number) {
    this.#mostMs = mostMs;
  }

  /** Time listened so far, in milliseconds, as of the last look. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Skips the time since the last look, in which no look was due. */
  restart(wallMs: number): void {
    this.#lookedMs = wallMs;
  }

  /**
   * Looks.
   *
   * @returns The time that counts since the last look, in milliseconds.
   */
  look(wallMs: number): number {
    const passedMs = Math.min(this.#mostMs, wallMs - this.#lookedMs);
    this.#lookedMs = wallMs;
    this.#nowMs += passedMs;
    return passedMs;
  }
}
