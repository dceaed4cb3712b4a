/** When to do something that should not disturb other work. */
export interface QuietMomentOptions {
  /** How long it must have been quiet, in milliseconds. */
  readonly quietMs: number;
  /** After so long it is done even if it is not quiet, in milliseconds. */
  readonly withinMs: number;
  /** Whether there was other work since this was asked last, so that it is not quiet. Default: never. */
  readonly isBusy?: () => boolean;
  /** Monotonic, in milliseconds. Default: that of this process. */
  readonly now?: () => number;
}

/** Does something once when it is quiet, or when waiting for that takes too long. Keeps no process alive. */
export class QuietMoment {
  readonly #act: () => void;
  readonly #options: QuietMomentOptions;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = 0;

  constructor(act: () => void, options: QuietMomentOptions) {
    this.#act = act;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Something happened: act once it is quiet again. */
  await(): void {
    const { quietMs, withinMs } = this.#options;
    const nowMs = this.#now();
    if (this.#timer === undefined) this.#dueMs = nowMs + withinMs;
    else if (nowMs >= this.#dueMs) return;
    // What was before does not matter.
    this.#options.isBusy?.();
    this.#wait(quietMs);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#pass(), ms).unref();
  }

  #pass(): void {
    const { quietMs, isBusy } = this.#options;
    const leftMs = this.#dueMs - this.#now();
    if (isBusy?.() && leftMs > 0) return this.#wait(Math.min(quietMs, leftMs));
    this.#timer = undefined;
    this.#act();
  }
}
