import type { SandboxRun } from '../sandbox.ts';

/**
 * How long a program keeps this process alive when no caller waits for its cell, in milliseconds: its
 * next tool call may bring a caller back.
 */
export const LINGER_MS = 2_000;

/**
 * Decides whether a program keeps this process alive: while a caller waits for its cell, and 2 s
 * longer. Otherwise an embedder that forgets a cell could never exit.
 */
export class KeepAlive {
  #run: Pick<SandboxRun, 'ref' | 'unref'> | null = null;
  #waiting = 0;
  #linger: NodeJS.Timeout | undefined;

  /** The program has started. Like every run, it keeps the process alive at first. */
  begin(run: Pick<SandboxRun, 'ref' | 'unref'>): void {
    this.#run = run;
    this.#settle();
  }

  /** The program has ended. Later calls have no effect. */
  end(): void {
    this.#run = null;
    clearTimeout(this.#linger);
  }

  /** A caller waits for the cell, until `drop`. */
  hold(): void {
    this.#waiting += 1;
    if (this.#waiting > 1 || this.#run === null) return;
    clearTimeout(this.#linger);
    this.#run.ref();
  }

  drop(): void {
    this.#waiting -= 1;
    this.#settle();
  }

  #settle(): void {
    if (this.#waiting > 0 || this.#run === null) return;
    this.#linger = setTimeout(() => this.#run?.unref(), LINGER_MS);
  }
}
