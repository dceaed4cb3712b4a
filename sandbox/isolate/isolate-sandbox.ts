import { withDefaults } from '../../src/limits.ts';
import type { Program, ProgramCalls, Sandbox } from '../../src/sandbox.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from '../limits.ts';
import { type IsolateBlueprint, isolateBlueprint } from './blueprint.ts';
import { collectAtExit } from './collect-at-exit.ts';
import { IsolateRun } from './isolate-run.ts';
import { ProgramIsolate } from './program-isolate.ts';

/** How an isolate sandbox is set up. */
export interface IsolateSandboxOptions {
  /**
   * Isolates kept ready for the next programs; each takes about 1.3 MB. Default 2. Where that was
   * too few, up to 32 are, until no program has come for ten seconds; where it is 0, none are.
   */
  readonly reserve?: number;
  readonly limits?: Partial<SandboxLimits>;
}

/**
 * Runs each program in a fresh isolate of this process.
 *
 * The shortest path there is, and no boundary against a hostile program: some take the whole
 * process with them, others never stop. See `docs/security.md`.
 */
export class IsolateSandbox implements Sandbox {
  readonly isolation = 'engine';
  readonly #limits: SandboxLimits;
  readonly #reserveSize: number;
  readonly #reserve: ProgramIsolate[] = [];
  /** How many are to be kept ready at the moment. */
  #wanted: number;
  #shrinkTimer: NodeJS.Timeout | undefined;
  /** Programs that wait to be started, in their order. */
  readonly #waiting: IsolateRun[] = [];
  readonly #runs = new Set<IsolateRun>();
  /** Programs that are over and may still be inside their isolate. */
  readonly #stopping = new Set<Promise<void>>();
  #blueprint: IsolateBlueprint | null = null;
  #refillTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ reserve = 2, limits }: IsolateSandboxOptions = {}) {
    collectAtExit();
    this.#limits = withDefaults(DEFAULT_SANDBOX_LIMITS, limits);
    this.#reserveSize = reserve;
    this.#wanted = reserve;
    this.#refillAfter(0);
  }

  /** Isolates that wait for a program. */
  get reserved(): number {
    return this.#reserve.length;
  }

  run(program: Program, calls: ProgramCalls): IsolateRun {
    const run = new IsolateRun(program, calls, this.#limits, () => {
      this.#runs.delete(run);
      this.#stopping.add(run.stopped);
      void run.stopped.then(() => this.#stopping.delete(run.stopped));
      this.#refillAfter(0);
    });
    if (this.#closed) {
      run.fail('the sandbox is closed');
      return run;
    }
    this.#runs.add(run);
    if (this.#waiting.push(run) === 1) queueMicrotask(() => this.#startWaiting());
    return run;
  }

  release(): void {}

  /**
   * Waits until no thread is inside an isolate any more, because a process that ends earlier may
   * crash, but for a second at most: some programs never stop.
   */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refillTimer);
    clearTimeout(this.#shrinkTimer);
    for (const run of this.#runs) run.kill();
    for (const isolate of this.#reserve.splice(0)) isolate.dispose();
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_MS);
    await Promise.race([Promise.all(this.#stopping), tooLong]);
    clearTimeout(timer);
    await new Promise((resolve) => setImmediate(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Preparing blocks this thread, so between programs that need that everybody else has a turn. */
  #startWaiting(): void {
    do {
      const next = this.#waiting.shift();
      if (next !== undefined) this.#start(next);
    } while (this.#waiting.length > 0 && this.#reserve.length > 0);
    if (this.#waiting.length > 0) setImmediate(() => this.#startWaiting());
  }

  #start(run: IsolateRun): void {
    if (run.over) return;
    if (this.#reserve.length === 0) this.#grow();
    if (this.#wanted > this.#reserveSize) this.#shrinkLater();
    try {
      run.start(this.#reserve.shift() ?? this.#prepare());
    } catch (error) {
      run.fail(`failed to initialize code mode runtime: ${String(error)}`);
    }
    this.#refillAfter(REFILL_DELAY_MS);
  }

  #grow(): void {
    if (this.#reserveSize === 0 || this.#closed) return;
    this.#wanted = Math.min(Math.max(MAX_RESERVE, this.#reserveSize), this.#wanted + 1);
  }

  #shrinkLater(): void {
    clearTimeout(this.#shrinkTimer);
    this.#shrinkTimer = setTimeout(() => this.#shrink(), SHRINK_MS).unref();
  }

  #shrink(): void {
    this.#wanted = this.#reserveSize;
    for (const isolate of this.#reserve.splice(this.#wanted)) isolate.dispose();
  }

  #prepare(): ProgramIsolate {
    this.#blueprint ??= isolateBlueprint(this.#limits);
    return new ProgramIsolate(this.#blueprint);
  }

  /** Preparing blocks this thread, so it waits until the program that took from the reserve is on its way. */
  #refillAfter(delayMs: number): void {
    clearTimeout(this.#refillTimer);
    if (this.#closed || this.#reserve.length >= this.#wanted) return;
    this.#refillTimer = setTimeout(() => this.#refill(), delayMs).unref();
  }

  #refill(): void {
    try {
      this.#reserve.push(this.#prepare());
    } catch {
      // The next program tries again, and tells why it cannot run.
      return;
    }
    this.#refillAfter(this.#reserve.length < this.#reserveSize ? 0 : REFILL_DELAY_MS);
  }
}

const CLOSE_MS = 1_000;
const REFILL_DELAY_MS = 5;
const MAX_RESERVE = 32;
const SHRINK_MS = 10_000;
