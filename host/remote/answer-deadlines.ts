import { CodeModeError } from '../../src/errors.ts';
import { startTimer } from '../../src/waiting/timer.ts';

/** How often the clock is checked within one margin. */
const LOOKS = 10;

interface Expected {
  readonly what: string;
  dueMs: number;
  /** The check at which the answer is late. */
  dueLook: number;
}

/**
 * Notices that a host does not answer. Each answer is due after the time that its request takes by
 * itself, plus a margin.
 *
 * Only time in which this process could hear its host counts. The clock is checked at intervals, and
 * each check counts as one step, however late it is: after this process was busy or suspended, its
 * host does not seem silent.
 */
export class AnswerDeadlines {
  readonly #marginMs: number;
  readonly #stepMs: number;
  readonly #onLate: (error: CodeModeError) => void;
  readonly #expected = new Map<number, Expected>();
  #looks = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param marginMs How late an answer may be, in milliseconds; infinity for no bound.
   * @param onLate Called with `connection_lost` if an answer is later than that.
   */
  constructor(marginMs: number, onLate: (error: CodeModeError) => void) {
    this.#marginMs = marginMs;
    this.#stepMs = Math.max(1, marginMs / LOOKS);
    this.#onLate = onLate;
  }

  /**
   * @param what Names the request in the error.
   * @param ownMs How long a healthy host takes, in milliseconds; infinity for no bound.
   */
  expect(id: number, what: string, ownMs: number): void {
    const dueMs = ownMs + this.#marginMs;
    this.#expected.set(id, { what, dueMs, dueLook: this.#lookAfter(dueMs) });
    this.#start();
  }

  /** Shortens the time of a request, because its caller stopped waiting. */
  hurry(id: number, ownMs: number): void {
    const expected = this.#expected.get(id);
    if (expected === undefined) return;
    const dueMs = ownMs + this.#marginMs;
    const dueLook = this.#lookAfter(dueMs);
    if (dueLook >= expected.dueLook) return;
    expected.dueMs = dueMs;
    expected.dueLook = dueLook;
  }

  /** The request was answered, or will not be. */
  settle(id: number): void {
    this.#expected.delete(id);
  }

  /** No more answers are expected. */
  clear(): void {
    this.#expected.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The next check may be imminent, so it does not count. */
  #lookAfter(ms: number): number {
    return this.#looks + Math.ceil(ms / this.#stepMs) + 1;
  }

  #start(): void {
    this.#timer ??= startTimer(() => this.#look(), this.#stepMs)?.unref();
  }

  #look(): void {
    this.#timer = undefined;
    this.#looks += 1;
    for (const { what, dueMs, dueLook } of this.#expected.values()) {
      if (dueLook > this.#looks) continue;
      const text = `code-mode host did not answer ${what} within ${dueMs} ms`;
      return this.#onLate(new CodeModeError('connection_lost', text));
    }
    if (this.#expected.size > 0) this.#start();
  }
}
