/** How long waits are postponed at most until a program starts, in milliseconds. */
const START_MS = 1_000;

/**
 * Decides when waits for a cell begin: when its program starts, at most a second after the request.
 * So a slow sandbox does not use up the caller's time, and a stuck one cannot keep it waiting.
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

  /** The program was requested. */
  requested(): void {
    this.#timer = setTimeout(() => this.begin(), START_MS);
  }

  /** The program has started, or will not start. Safe to call twice. */
  begin(): void {
    clearTimeout(this.#timer);
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#onBegun();
  }
}
