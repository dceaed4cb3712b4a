import type { ProcessLimits } from './limits.ts';

type Patience = Pick<ProcessLimits, 'startMs' | 'stopMs' | 'hangMs'>;

/** How long a sandbox process takes to do what it was told. Has no clock: the caller passes time. */
export class SignsOfLife {
  readonly #limits: Patience;
  /** How long killed programs may have kept running. */
  readonly #stoppingMs = new Map<number, number>();
  /** Questions that it has not answered yet. */
  #unanswered = 0;
  /** How long it has been silent since the oldest of them was asked or since its last answer. */
  #silentMs = 0;
  #started = false;

  constructor(limits: Patience) {
    this.#limits = limits;
  }

  /** How many killed programs may still be running. */
  get stopping(): number {
    return this.#stoppingMs.size;
  }

  /** Whether it has answered once. */
  get started(): boolean {
    return this.#started;
  }

  /**
   * It was asked for a sign of life.
   *
   * @returns Whether it had answered all earlier questions.
   */
  asked(): boolean {
    this.#unanswered += 1;
    return this.#unanswered === 1;
  }

  /** It has been silent for a good reason: the time counts anew. */
  excused(): void {
    this.#silentMs = 0;
  }

  /**
   * It answered a question. Nothing else counts as a sign of life: a program that has taken over the
   * process can send messages while the rest of it hangs.
   *
   * @returns Whether it had been asked.
   */
  answered(): boolean {
    if (this.#unanswered === 0) return false;
    this.#unanswered -= 1;
    this.#silentMs = 0;
    this.#started = true;
    return true;
  }

  /** It will be told to stop this program. */
  condemned(id: number): void {
    this.#stoppingMs.set(id, Number.NEGATIVE_INFINITY);
  }

  /** It was told to stop this program. */
  killed(id: number): void {
    this.#stoppingMs.set(id, 0);
  }

  /** Whether it was told to stop this program and has not confirmed it. */
  isTold(id: number): boolean {
    return (this.#stoppingMs.get(id) ?? Number.NEGATIVE_INFINITY) >= 0;
  }

  /** Whether it was told to stop this program, or will be, and has not confirmed it. */
  isStopping(id: number): boolean {
    return this.#stoppingMs.has(id);
  }

  /**
   * It confirmed that nothing of this program runs any more.
   *
   * @returns Whether it had been told to stop it.
   */
  stopped(id: number): boolean {
    return this.isTold(id) && this.#stoppingMs.delete(id);
  }

  /** It has ended: nothing more is expected of it. */
  clear(): void {
    this.#stoppingMs.clear();
    this.#unanswered = 0;
  }

  /**
   * Counts time, in milliseconds, in which it could have been heard.
   *
   * @returns What took too long; null if nothing did.
   */
  pass(listenedMs: number): 'stuck' | 'silent' | null {
    const { startMs, stopMs, hangMs } = this.#limits;
    for (const [id, beforeMs] of this.#stoppingMs) {
      if (beforeMs + listenedMs > stopMs) return 'stuck';
      this.#stoppingMs.set(id, beforeMs + listenedMs);
    }
    if (this.#unanswered === 0) return null;
    this.#silentMs += listenedMs;
    return this.#silentMs > (this.#started ? hangMs : startMs) ? 'silent' : null;
  }
}
