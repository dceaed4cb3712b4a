import type { CellFailure } from '../../src/events.ts';
import type { ProgramEnd, SandboxRun } from '../../src/sandbox.ts';

/** What a program may be told that has not started. */
type Order = 'hold' | 'release' | 'step' | 'ref' | 'unref';

/** A program that waits for a process, and is told there what it was told meanwhile. */
export class WaitingRun implements SandboxRun {
  readonly ended: Promise<ProgramEnd>;
  readonly #resolve: (end: ProgramEnd | Promise<ProgramEnd>) => void;
  readonly #onKilled: (run: WaitingRun) => void;
  readonly #orders: Order[] = [];
  #placed: SandboxRun | null = null;

  /** @param onKilled Called where it is killed before it has a process: it needs none any more. */
  constructor(onKilled: (run: WaitingRun) => void) {
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#onKilled = onKilled;
  }

  /** It runs: this is what stands for it from now on. */
  place(run: SandboxRun): void {
    this.#placed = run;
    for (const order of this.#orders.splice(0)) run[order]();
    this.#resolve(run.ended);
  }

  /** Ends it: there will be no process. */
  fail(failure: CellFailure): void {
    this.#resolve({ failure, notes: [] });
  }

  hold(): void {
    this.#order('hold');
  }

  release(): void {
    this.#order('release');
  }

  step(): void {
    this.#order('step');
  }

  room(): Promise<boolean> | null {
    return this.#placed?.room() ?? null;
  }

  /** A program that waits has made no call, shown nothing and sent nothing yet. */
  answer(id: number, ok: boolean, text: string): void {
    this.#placed?.answer(id, ok, text);
  }

  notified(): void {
    this.#placed?.notified();
  }

  pause(): void {
    this.#placed?.pause();
  }

  unpause(): void {
    this.#placed?.unpause();
  }

  ref(): void {
    this.#order('ref');
  }

  unref(): void {
    this.#order('unref');
  }

  kill(): void {
    if (this.#placed !== null) return this.#placed.kill();
    this.#onKilled(this);
  }

  #order(order: Order): void {
    if (this.#placed !== null) this.#placed[order]();
    else this.#orders.push(order);
  }
}
