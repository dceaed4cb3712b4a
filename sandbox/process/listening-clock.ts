/**
 * Counts the time in which this process could hear others.
 *
 * A process that is busy hears nothing, and whoever looks at the clock afterwards would take all
 * others for silent. So however late a look comes, it counts as one that was a little late.
 */
export class ListeningClock {
  readonly #mostMs: number;
  #lookedMs = 0;
  #nowMs = 0;

  /** @param mostMs What passes from one look to the next at most, in milliseconds. */
  constructor(mostMs: number) {
    this.#mostMs = mostMs;
  }

  /** Time listened so far, in milliseconds, as of the last look. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Lets no time have passed since the last look: nobody was meant to look. */
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
