/** How long the time of callers waits for a program to start, in milliseconds. */
const START_MS = 1_000;

/**
 * Says when the time of those who wait for a cell begins: with its program, and a second after the
 * request at the latest. A sandbox that is slow does not use it up; one that starts nothing cannot
 * keep a caller waiting.
 */
export class StartClock {
  readonly #onBegun: () => void;
  #timer: NodeJS.Timeout | undefined;
  #hasBegun = false;

  /** @param onBegun Called once, in place. */
  constructor(onBegun: () => void) {
    this.#onBegun = onBegun;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The program was asked for. */
  requested(): void {
    this.#timer = setTimeout(() => this.begin(), START_MS);
  }

  /** The program has started, or will not start any more. Safe to call twice. */
  begin(): void {
    clearTimeout(this.#timer);
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#onBegun();
  }
}
