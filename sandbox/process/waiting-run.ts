import type { JsonText } from '../../src/delegate.ts';
import type { ErrorText } from '../../src/errors.ts';
import type { CellFailure } from '../../src/events.ts';
import type { ProgramEnd, SandboxRun } from '../../src/sandbox.ts';

/** The orders that a program can get before it has started. */
export type Order = 'hold' | 'release' | 'step' | 'ref' | 'unref';

/** A program that waits for a process. Orders that it gets meanwhile are passed on when it has one. */
export class WaitingRun implements SandboxRun {
  readonly ended: Promise<ProgramEnd>;
  readonly #resolve: (end: ProgramEnd | Promise<ProgramEnd>) => void;
  readonly #onKilled: (run: WaitingRun) => void;
  readonly #orders: Order[] = [];
  #placed: SandboxRun | null = null;

  /** @param onKilled Called if it is killed before it has a process, and so needs none any more. */
  constructor(onKilled: (run: WaitingRun) => void) {
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#onKilled = onKilled;
  }

  /** It has a process, in which this run takes over from here. */
  place(run: SandboxRun): void {
    this.#placed = run;
    for (const order of this.#orders.splice(0)) run[order]();
    this.#resolve(run.ended);
  }

  /** Ends it, because there will be no process. */
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

  /** A program that waits has made no call yet, so there is nothing to answer. */
  answer(id: number, ok: boolean, text: string | JsonText | ErrorText): void {
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
