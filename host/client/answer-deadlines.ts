import { CodeModeError } from '../../src/errors.ts';
import { startTimer } from '../../src/waiting/timer.ts';

/** How many times the clock is looked at while the margin passes. */
const LOOKS = 10;

interface Expected {
  readonly what: string;
  dueMs: number;
  /** The look at which it is late. */
  dueLook: number;
}

/**
 * Notices that a host does not answer: each answer has the time its request takes by itself, and a
 * margin on top.
 *
 * Only time in which this process could hear its host counts. The clock is looked at from time to
 * time, and each look counts as one step, however late it comes: a process that was busy or
 * suspended does not take its host for silent.
 */
export class AnswerDeadlines {
  readonly #marginMs: number;
  readonly #stepMs: number;
  readonly #onLate: (error: CodeModeError) => void;
  readonly #expected = new Map<number, Expected>();
  #looks = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param marginMs How late an answer may be, in milliseconds. Infinity for no bound.
   * @param onLate Called with `connection_lost` where an answer is late by more than that.
   */
  constructor(marginMs: number, onLate: (error: CodeModeError) => void) {
    this.#marginMs = marginMs;
    this.#stepMs = Math.max(1, marginMs / LOOKS);
    this.#onLate = onLate;
  }

  /**
   * @param what Names the request in the error.
   * @param ownMs How long the host takes if all is well, in milliseconds. Infinity for no bound.
   */
  expect(id: number, what: string, ownMs: number): void {
    const dueMs = ownMs + this.#marginMs;
    this.#expected.set(id, { what, dueMs, dueLook: this.#lookAfter(dueMs) });
    this.#start();
  }

  /** The request takes no longer than this by itself any more, because its caller gave up. */
  hurry(id: number, ownMs: number): void {
    const expected = this.#expected.get(id);
    if (expected === undefined) return;
    const dueMs = ownMs + this.#marginMs;
    const dueLook = this.#lookAfter(dueMs);
    if (dueLook >= expected.dueLook) return;
    expected.dueMs = dueMs;
    expected.dueLook = dueLook;
  }

  /** It was answered, or will not be. */
  settle(id: number): void {
    this.#expected.delete(id);
  }

  /** Nothing is expected any more. */
  clear(): void {
    this.#expected.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The next look may come at once, so it does not count. */
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
