/** When to do something that should not disturb other work. */
export interface QuietMomentOptions {
  /** How long it must have been quiet, in milliseconds. */
  readonly quietMs: number;
  /** After so long it is done even if it is not quiet, in milliseconds. Default: never. */
  readonly withinMs?: number;
  /** Whether it has been quiet since the last time this was asked. Default: always. */
  readonly isQuiet?: () => boolean;
  /** Monotonic, in milliseconds. Default: that of this process. */
  readonly now?: () => number;
}

/** Does something once when it is quiet, or when that does not come in time. Keeps no process alive. */
export class QuietMoment {
  readonly #act: () => void;
  readonly #options: QuietMomentOptions;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(act: () => void, options: QuietMomentOptions) {
    this.#act = act;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Something happened: act once it is quiet again. */
  await(): void {
    const { quietMs, withinMs } = this.#options;
    if (this.#timer !== undefined && this.#isDue) return;
    if (this.#timer === undefined && withinMs !== undefined) this.#dueMs = this.#now() + withinMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), quietMs).unref();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Whether it takes too long. The clock is not asked if that cannot be. */
  get #isDue(): boolean {
    return this.#options.withinMs !== undefined && this.#now() >= this.#dueMs;
  }

  #look(): void {
    const { quietMs, isQuiet } = this.#options;
    const isTime = isQuiet?.() !== false || this.#isDue;
    this.#timer = isTime ? undefined : setTimeout(() => this.#look(), quietMs).unref();
    if (isTime) this.#act();
  }
}
