import type { Excess } from './end-cause.ts';

/** What the search for the heaviest program needs of a process. */
export interface HeaviestProgramParts {
  /** Programs that run in it. */
  readonly programs: () => readonly number[];
  /** Asks the process which one is the heaviest. */
  readonly weigh: () => void;
  /** Stops this one. */
  readonly stop: (program: number, excess: Excess) => void;
}

/** Stops the program that uses the most memory in a process, as soon as it is known which one that is. */
export class HeaviestProgram {
  readonly #parts: HeaviestProgramParts;
  #excess: Excess | null = null;
  /** Questions that the process has not answered yet. */
  #unanswered = 0;
  #stopped = 0;

  constructor(parts: HeaviestProgramParts) {
    this.#parts = parts;
  }

  /** How many programs were stopped. */
  get stopped(): number {
    return this.#stopped;
  }

  /** Whether one is about to be stopped. */
  get isSought(): boolean {
    return this.#excess !== null;
  }

  seek(excess: Excess): void {
    const [only, ...others] = this.#parts.programs();
    this.#excess = excess;
    if (only === undefined) return;
    if (others.length === 0) return this.#stop(only);
    this.#unanswered += 1;
    this.#parts.weigh();
  }

  /** Calls off stopping a program because of this limit: memory went down by itself. */
  spare(limit: Excess['limit']): void {
    if (this.#excess?.limit === limit) this.#excess = null;
  }

  /**
   * The process has named its heaviest program. If that has ended since, nothing is stopped.
   *
   * @returns Whether it had been asked.
   */
  named(program: number): boolean {
    if (this.#unanswered === 0) return false;
    this.#unanswered -= 1;
    this.#stop(program);
    return true;
  }

  #stop(program: number): void {
    const excess = this.#excess;
    this.#excess = null;
    if (excess === null || !this.#parts.programs().includes(program)) return;
    this.#stopped += 1;
    this.#parts.stop(program, excess);
  }
}
