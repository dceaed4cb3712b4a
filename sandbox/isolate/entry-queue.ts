import PQueue from 'p-queue';

/**
 * The queue through which every entry into an isolate goes, in order.
 *
 * While it is held, nothing enters and so nothing in the isolate runs: once its microtasks are done,
 * a program cannot run by itself.
 */
export class EntryQueue {
  readonly #queue = new PQueue({ concurrency: 1 });
  readonly #onIdle: () => void;
  #entries = 0;

  /** @param onIdle Called after an entry if no other waits: the program is quiet. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** Runs `entry` when all earlier ones are done. It must not throw. */
  enter(entry: () => Promise<void>): void {
    this.#entries += 1;
    void this.#queue.add(async () => {
      await entry();
      this.#entries -= 1;
      if (this.#entries === 0) this.#onIdle();
    });
  }

  /** Whether no entry is running or waiting. */
  get idle(): boolean {
    return this.#entries === 0;
  }

  hold(): void {
    this.#queue.pause();
  }

  release(): void {
    this.#queue.start();
  }

  /** Drops the entries that wait. */
  clear(): void {
    this.#queue.clear();
  }
}
