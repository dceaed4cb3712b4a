/** How many chunks go to and from processes in 40 ms while programs make many calls. */
const MUCH = 8;

/** Counts the chunks that it carries. */
export interface Counted {
  /** So far. */
  readonly traffic: number;
}

/** Whether the programs of sandbox processes make many calls. */
export class Traffic {
  readonly #processes: () => readonly Counted[];
  #before = 0;

  constructor(processes: () => readonly Counted[]) {
    this.#processes = processes;
  }

  /** Whether little went to and from the processes since the last time this was asked. */
  isLow(): boolean {
    const before = this.#before;
    this.#before = this.#processes().reduce((sum, { traffic }) => sum + traffic, 0);
    return this.#before - before < MUCH;
  }
}
