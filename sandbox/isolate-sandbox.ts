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
  #blueprint: IsolateBlueprint | null = null;
  #refillTimer: NodeJS.Timeout | undefined;
  #refilling = false;
  #closed = false;

  constructor({ reserve = 2, limits }: IsolateSandboxOptions = {}) {
    this.#limits = withDefaults(DEFAULT_SANDBOX_LIMITS, limits);
    this.#reserveSize = reserve;
    this.#refillAfter(0);
  }

  /** Programs that run now. */
  get runningCount(): number {
    return this.#runs.size;
  }

  run(program: Program, calls: ProgramCalls): IsolateRun {
    const run = new IsolateRun(program, calls, this.#limits, () => {
      this.#runs.delete(run);
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

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refillTimer);
    for (const run of this.#runs) run.kill();
    for (const isolate of this.#reserve.splice(0)) isolate.dispose();
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
    if (this.#closed || this.#refilling || this.#reserve.length >= this.#reserveSize) return;
    this.#refillTimer = setTimeout(() => void this.#refill(), delayMs).unref();
  }

  async #refill(): Promise<void> {
    this.#refilling = true;
    const isolate = this.#prepare();
    await isolate.rehearse();
    this.#refilling = false;
    if (this.#closed) return isolate.dispose();
    this.#reserve.push(isolate);
    this.#refillAfter(0);
  }
}

const REFILL_DELAY_MS = 5;
