import { withDefaults } from '../src/limits.ts';
import type { Program, ProgramCalls, Sandbox } from '../src/sandbox.ts';
import { type IsolateBlueprint, isolateBlueprint, PreparedIsolate } from './isolate.ts';
import { IsolateRun } from './isolate-run.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from './limits.ts';

/** How an isolate sandbox is set up. */
export interface IsolateSandboxOptions {
  /** Isolates kept ready for the next programs; each takes about 1.3 MB. Default 2. */
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
  readonly #reserve: PreparedIsolate[] = [];
  readonly #runs = new Set<IsolateRun>();
  /** Programs that are over and may still be inside their isolate. */
  readonly #stopping = new Set<Promise<void>>();
  #blueprint: IsolateBlueprint | null = null;
  #refillTimer: NodeJS.Timeout | undefined;
  #refilling: Promise<void> | null = null;
  #closed = false;

  constructor({ reserve = 2, limits }: IsolateSandboxOptions = {}) {
    this.#limits = withDefaults(DEFAULT_SANDBOX_LIMITS, limits);
    this.#reserveSize = reserve;
    this.#refillAfter(0);
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
    queueMicrotask(() => this.#start(run));
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
    for (const run of this.#runs) run.kill();
    for (const isolate of this.#reserve.splice(0)) isolate.dispose();
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_MS);
    await Promise.race([Promise.all([...this.#stopping, this.#refilling]), tooLong]);
    clearTimeout(timer);
    await new Promise((resolve) => setImmediate(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(run: IsolateRun): void {
    if (run.over) return;
    try {
      run.start(this.#reserve.shift() ?? this.#prepare());
    } catch (error) {
      run.fail(`failed to initialize code mode runtime: ${String(error)}`);
    }
    this.#refillAfter(REFILL_DELAY_MS);
  }

  #prepare(): PreparedIsolate {
    this.#blueprint ??= isolateBlueprint(this.#limits);
    return new PreparedIsolate(this.#blueprint);
  }

  /** Preparing blocks this thread, so it waits until the program that took from the reserve is on its way. */
  #refillAfter(delayMs: number): void {
    clearTimeout(this.#refillTimer);
    if (this.#closed || this.#refilling !== null || this.#reserve.length >= this.#reserveSize)
      return;
    const refill = () => {
      this.#refilling = this.#refill();
    };
    this.#refillTimer = setTimeout(refill, delayMs).unref();
  }

  async #refill(): Promise<void> {
    try {
      const isolate = this.#prepare();
      await isolate.rehearse();
      if (this.#closed) return isolate.dispose();
      this.#reserve.push(isolate);
    } catch {
      // The next program tries again, and tells why it cannot run.
      return;
    } finally {
      this.#refilling = null;
    }
    this.#refillAfter(0);
  }
}

const CLOSE_MS = 1_000;
const REFILL_DELAY_MS = 5;
