/**
 * The thread is started when nothing has been delivered for `restMs`, or for up to twice that, because its start holds
 * up the main thread for 6. Where deliveries never rest, it is started after `mostMore`: each of them would be quicker with it.
 */
const SOON = { restMs: 2, mostMore: 12 };
/** Where they are as quick without it, and it takes a processor from none of them. */
const LATER = { restMs: 250, mostMore: Number.POSITIVE_INFINITY };

/**
 * In a sandbox process: decides when the thread of `InsideWatch` is started. It is worth while where a lone program
 * is entered often, as for one cell or call after another.
 */
export class WatchMoment {
  readonly #pace: typeof SOON;
  readonly #start: () => void;
  #left: number;
  #timer: NodeJS.Timeout | undefined;
  /** Whether something was delivered since the timer was set: setting it anew each time would cost each delivery. */
  #isBusy = false;
  #isOver = false;

  /**
   * @param after How many deliveries to a lone program make it worth while; at least 1.
   * @param isAble Whether the main thread may enter the program without it.
   * @param start Called once.
   */
  constructor(after: number, isAble: boolean, start: () => void) {
    this.#left = after;
    this.#pace = isAble ? LATER : SOON;
    this.#start = start;
  }

  /** A start or a few answers were delivered to the only program. */
  delivered(): void {
    if (this.#isOver) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#isBusy = true;
    if (this.#left <= -this.#pace.mostMore) this.#begin();
    else if (this.#timer === undefined) this.#wait();
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.#look(), this.#pace.restMs).unref();
  }

  #look(): void {
    if (!this.#isBusy) return this.#begin();
    this.#isBusy = false;
    this.#wait();
  }

  #begin(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#start();
  }
}
