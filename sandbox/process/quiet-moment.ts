/** When to do something that should not disturb other work. */
export interface QuietMomentOptions {
  /** How long it must have been quiet, in milliseconds. */
  readonly quietMs: number;
  /** After so long it is done even if it is not quiet, in milliseconds. */
  readonly withinMs: number;
  /** Whether it has been quiet since the last time this was asked. Default: always. */
  readonly isQuiet?: () => boolean;
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
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), quietMs).unref();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const { quietMs, isQuiet } = this.#options;
    const isTime = isQuiet?.() !== false || this.#now() >= this.#dueMs;
    this.#timer = isTime ? undefined : setTimeout(() => this.#look(), quietMs).unref();
    if (isTime) this.#act();
  }
}
