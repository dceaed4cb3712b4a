import { RecentSet } from '../../../src/collections/recent-set.ts';
import { startTimer } from '../../../src/waiting/timer.ts';

/** How many cells are remembered that have ended. */
const REMEMBERED = 4_096;

/** Lets the completion of a cell wait until everything else about the cell was delivered. */
export class CellEnds {
  readonly #withinMs: number;
  readonly #ended = new RecentSet<string>(REMEMBERED);
  readonly #waiting = new Map<string, (() => void)[]>();
  #isOver = false;

  /** @param withinMs How long a completion waits at most, in milliseconds. */
  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  /** Resolves when a cell has ended. */
  until(cellId: string): Promise<void> {
    if (this.#isOver || this.#ended.has(cellId)) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = startTimer(resolve, this.#withinMs)?.unref();
      const wake = () => {
        clearTimeout(timer);
        resolve();
      };
      const others = this.#waiting.get(cellId);
      if (others === undefined) this.#waiting.set(cellId, [wake]);
      else others.push(wake);
    });
  }

  ended(cellId: string): void {
    this.#ended.add(cellId);
    this.#wake(cellId);
  }

  /** No cell will be told to have ended any more. */
  end(): void {
    this.#isOver = true;
    for (const cellId of [...this.#waiting.keys()]) this.#wake(cellId);
  }

  #wake(cellId: string): void {
    for (const wake of this.#waiting.get(cellId) ?? []) wake();
    this.#waiting.delete(cellId);
  }
}
