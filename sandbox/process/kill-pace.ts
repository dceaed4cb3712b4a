/** So many programs are killed at once before others have to wait. */
const AT_ONCE = 16;
/** Then so many are killed in each step, which is so long in milliseconds. */
const STEP_KILLS = 4;
const STEP_MS = 4;

/**
 * Spreads the kills of many programs. Each wakes its process, and many at once would take the
 * processors from whoever wants to know that they are over.
 */
export class KillPace {
  readonly #waiting: (() => void)[] = [];
  #room = AT_ONCE;
  #timer: NodeJS.Timeout | undefined;

  /** Calls `kill` now, or soon if many programs are being killed. */
  add(kill: () => void): void {
    if (this.#room > 0) {
      this.#room -= 1;
      kill();
    } else {
      this.#waiting.push(kill);
    }
    this.#timer ??= setInterval(() => this.#step(), STEP_MS).unref();
  }

  #step(): void {
    this.#room = Math.min(AT_ONCE, this.#room + STEP_KILLS);
    for (const kill of this.#waiting.splice(0, this.#room)) {
      this.#room -= 1;
      kill();
    }
    if (this.#room < AT_ONCE) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
