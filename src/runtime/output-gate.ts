/** How long a program with much output waits for somebody to take it, in milliseconds. */
const PATIENCE_MS = 2_000;

/**
 * Back-pressure for a program's output: while too much of it waits to be observed, the program does.
 *
 * Whoever observes a cell in a loop so gets any amount of output. Where nobody comes for two
 * seconds the program goes on, and then its limit ends it.
 */
export class OutputGate {
  #waiting: { readonly promise: Promise<void>; readonly open: () => void } | null = null;
  #timer: NodeJS.Timeout | undefined;
  #gaveUp = false;

  /** What a program must wait for before it goes on. */
  wait(): Promise<void> | undefined {
    if (this.#gaveUp) return undefined;
    if (this.#waiting === null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = { promise, open: resolve };
      this.#timer = setTimeout(() => {
        this.open();
        this.#gaveUp = true;
      }, PATIENCE_MS);
    }
    return this.#waiting.promise;
  }

  /** Output was taken, or nobody waits for it any more. */
  open(): void {
    this.#gaveUp = false;
    clearTimeout(this.#timer);
    this.#waiting?.open();
    this.#waiting = null;
  }
}
