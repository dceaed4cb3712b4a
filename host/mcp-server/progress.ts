/** The shortest time between two messages, in milliseconds: ten a second. */
const SHORTEST_MS = 100;
/** The longest time between two messages, in milliseconds: clients give up after 20 s and more. */
const LONGEST_MS = 15_000;

/** Sends one progress message. `progress` rises with each, over all calls of this process. */
export type SendProgress = (progress: number, message: string) => void;

/**
 * Tells a client that its call goes on: at most ten messages a second, of which the latest counts,
 * and one every 15 s where there is no news. Nothing is sent once it is disposed.
 */
export class Progress implements Disposable {
  /** One call may be served in several rounds, and its progress must rise all the same. */
  static #count = 0;

  readonly #send: SendProgress;
  #lastAt = Number.NEGATIVE_INFINITY;
  #message = 'running';
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(send: SendProgress) {
    this.#send = send;
    this.#sendAfter(LONGEST_MS);
  }

  /** Says what happened. */
  say(message: string): void {
    if (this.#isDisposed) return;
    this.#message = message;
    this.#sendAfter(Math.max(0, this.#lastAt + SHORTEST_MS - performance.now()));
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  #sendAfter(delay: number): void {
    clearTimeout(this.#timer);
    if (delay > 0) this.#timer = setTimeout(() => this.#sendNow(), delay).unref();
    else this.#sendNow();
  }

  #sendNow(): void {
    Progress.#count += 1;
    this.#lastAt = performance.now();
    this.#send(Progress.#count, this.#message);
    this.#sendAfter(LONGEST_MS);
  }
}
