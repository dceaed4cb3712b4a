import type { Doorway } from './doorway.ts';
import type { Pausing } from './install-helpers.ts';
import type { Turn } from './session-turns.ts';

/** Makes a program wait before it sends more, while its host asks for that. */
export class GuestPause implements Pausing {
  readonly #turn: Turn;
  readonly #door: Doorway;
  #paused: PromiseWithResolvers<void> | null = null;

  constructor(turn: Turn, door: Doorway) {
    this.#turn = turn;
    this.#door = door;
  }

  begin(): void {
    this.#paused ??= Promise.withResolvers();
  }

  end(): void {
    this.#paused?.resolve();
    this.#paused = null;
  }

  /** What the program waits for, inside its isolate; undefined if it need not wait. */
  flushed(): Promise<void> | undefined {
    return this.#paused === null ? undefined : this.#wait(this.#paused.promise);
  }

  /** The program may never come back from where it goes now. */
  said(): void {
    this.#door.said();
  }

  /** Like `flushed` while this thread is inside: returns when the program need not wait. */
  flushedNow(): void {
    this.#door.listen(() => this.#paused !== null);
  }

  /** The program computes nothing meanwhile, so another one of its session may run. */
  async #wait(ended: Promise<void>): Promise<void> {
    this.#turn.leave();
    await ended;
    await this.#turn.take();
  }
}
