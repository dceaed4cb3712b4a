/** The thread is started when nothing has been delivered for so long, in milliseconds: its start holds up the main thread for 6. */
const QUIET_MS = 2;
/** Where deliveries never rest, it is started after so many more: each of them would be quicker with it. */
const MOST_MORE = 12;

/**
 * In a sandbox process: decides when the thread of `InsideWatch` is started. It is worth while where a lone program
 * is entered often, as for one cell or call after another.
 */
export class WatchMoment {
  readonly #start: () => void;
  #left: number;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /**
   * @param after How many deliveries to a lone program make it worth while; at least 1.
   * @param start Called once.
   */
  constructor(after: number, start: () => void) {
    this.#left = after;
    this.#start = start;
  }

  /** A start or a few answers were delivered to the only program. */
  delivered(): void {
    if (this.#isOver) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    clearTimeout(this.#timer);
    if (this.#left <= -MOST_MORE) this.#begin();
    else this.#timer = setTimeout(() => this.#begin(), QUIET_MS).unref();
  }

  #begin(): void {
    this.#isOver = true;
    this.#start();
  }
}
