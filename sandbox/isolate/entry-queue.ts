import PQueue from 'p-queue';
import type { Turn } from './session-turns.ts';

/**
 * The queue through which every entry into an isolate goes, in order.
 *
 * While it is held, nothing enters and so nothing in the isolate runs: once its microtasks are done,
 * a program cannot run by itself. An entry also waits for its program's turn.
 */
export class EntryQueue {
  readonly #queue = new PQueue({ concurrency: 1 });
  readonly #turn: Turn;
  readonly #onIdle: () => void;
  #entries = 0;

  /** @param onIdle Called after an entry if no other waits: the program is quiet. */
  constructor(turn: Turn, onIdle: () => void) {
    this.#turn = turn;
    this.#onIdle = onIdle;
  }

  /** Runs `entry` when all earlier ones are done and it is the program's turn. It must not throw. */
  enter(entry: () => Promise<void>): void {
    this.#entries += 1;
    void this.#queue.add(async () => {
      const turn = this.#turn.take();
      if (turn === null || (await turn)) await entry();
      this.#turn.leave();
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

  /** Drops the entries that wait: the program has ended, and others may have its turn. */
  close(): void {
    this.#queue.clear();
    this.#turn.close();
  }
}
