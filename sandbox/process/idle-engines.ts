/** What is asked of a process in which nothing runs. */
export interface IdleEngine {
  /** Whether it is being ended. */
  readonly gone: boolean;
  /** Resident memory when it last told, in bytes. */
  readonly usedBytes: number;
  /** Programs started in it so far. */
  readonly programs: number;
}

/** What an idle process may be, and how many of them are kept. */
export interface IdleRules {
  readonly spares: number;
  readonly maxProgramsPerProcess: number;
  readonly maxProcessBytes: number;
}

/** Memory that an idle process may always use, in bytes: more than every process uses. */
const LARGE_BYTES = 128 << 20;
/** A process that has run so much of what it may run is replaced soon: too soon for a spare. */
const SPENT_SHARE = 0.75;

/** The processes in which nothing runs: since when, and which of them are not worth keeping. */
export class IdleEngines<Engine extends IdleEngine> {
  readonly #rules: IdleRules;
  /** In milliseconds. */
  readonly #since = new Map<Engine, number>();
  /** Those that became idle and have not been looked at since. */
  readonly #unweighed = new Set<Engine>();

  constructor(rules: IdleRules) {
    this.#rules = rules;
  }

  /** A process starts. */
  add(engine: Engine, nowMs: number): void {
    this.#since.set(engine, nowMs);
  }

  /** The last program of a process has ended. */
  became(engine: Engine, nowMs: number): void {
    this.#since.set(engine, nowMs);
    this.#unweighed.add(engine);
  }

  /** A process gets a program, or is gone. */
  delete(engine: Engine): void {
    this.#since.delete(engine);
    this.#unweighed.delete(engine);
  }

  /** For how long a process has been idle, in milliseconds. */
  forMs(engine: Engine, nowMs: number): number {
    return nowMs - (this.#since.get(engine) ?? nowMs);
  }

  /** Whether it has run so many programs that it will be replaced soon, so that a spare should be ready. */
  isSpent({ programs }: Engine): boolean {
    return programs >= this.#rules.maxProgramsPerProcess * SPENT_SHARE;
  }

  /** Those that became idle since the last time and are large. */
  takeLarge(): readonly Engine[] {
    const largeBytes = Math.max(LARGE_BYTES, this.#rules.maxProcessBytes / 4);
    const large = [...this.#unweighed].filter(({ usedBytes }) => usedBytes > largeBytes);
    this.#unweighed.clear();
    return large;
  }

  /** Those that have been idle for longer than `idleMs`, but for the spares. */
  unneeded(
    nowMs: number,
    idleMs: number,
  ): { readonly old: readonly Engine[]; readonly areOthersSpares: boolean } {
    const { spares } = this.#rules;
    const idle = [...this.#since.keys()].filter(({ gone }) => !gone);
    const isOld = (engine: Engine) => this.forMs(engine, nowMs) > idleMs;
    const { spent = [], fresh = [] } = Object.groupBy(idle, (engine) =>
      this.isSpent(engine) ? 'spent' : 'fresh',
    );
    const surplus = fresh.filter(isOld).slice(0, Math.max(0, fresh.length - spares));
    const old = [...spent.filter(isOld), ...surplus];
    return { old, areOthersSpares: idle.length - old.length <= spares };
  }
}
