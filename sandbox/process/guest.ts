import type { IsolateRun } from '../isolate/isolate-run.ts';

/** A program of this process. It is paused while its host asks for that or the pipe is full. */
export class Guest {
  readonly run: IsolateRun;
  #isHeldByHost = false;
  #isPipeFull = false;

  constructor(run: IsolateRun) {
    this.run = run;
  }

  heldByHost(held: boolean): void {
    this.#isHeldByHost = held;
    this.#apply();
  }

  pipeFull(full: boolean): void {
    this.#isPipeFull = full;
    this.#apply();
  }

  #apply(): void {
    if (this.#isHeldByHost || this.#isPipeFull) this.run.pause();
    else this.run.unpause();
  }
}
