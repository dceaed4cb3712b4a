import PQueue from 'p-queue';

/**
 * The one queue through which every entry into an isolate goes, in order.
 *
 * While it is held nothing enters, so nothing in the isolate moves: a program cannot run by itself
 * once its microtasks are done.
 */
export class Turns {
  readonly #queue = new PQueue({ concurrency: 1 });

  /** Runs `entry` when all before it are done. It must not throw. */
  enter(entry: () => Promise<void>): void {
    void this.#queue.add(entry);
  }

  /** Nobody is in the isolate and nobody waits to get in. */
  get idle(): boolean {
    return this.#queue.pending === 0 && this.#queue.size === 0;
  }

  hold(): void {
    this.#queue.pause();
  }

  release(): void {
    this.#queue.start();
  }

  /** Forgets the entries that wait. */
  clear(): void {
    this.#queue.clear();
  }
}
