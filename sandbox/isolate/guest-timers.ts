import { startTimer } from '../../src/waiting/timer.ts';

/** The timers of one program. */
export class GuestTimers {
  readonly #timers = new Map<number, NodeJS.Timeout | undefined>();
  readonly #fired: (id: number) => void;

  /** @param fired Called with the id of each timer that fires. */
  constructor(fired: (id: number) => void) {
    this.#fired = fired;
  }

  /** How many are pending. */
  get size(): number {
    return this.#timers.size;
  }

  /** @param delayMs Anything but a positive number counts as 0: it may come from a broken half of the bridge. */
  set(id: number, delayMs: number): void {
    const fire = () => {
      this.#timers.delete(id);
      this.#fired(id);
    };
    clearTimeout(this.#timers.get(id));
    this.#timers.set(id, startTimer(fire, delayMs > 0 ? delayMs : 0));
  }

  clear(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  clearAll(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
