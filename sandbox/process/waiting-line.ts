import type { Program, ProgramCalls, SandboxRun } from '../../src/sandbox.ts';
import { notStarted } from './end-cause.ts';
import { WaitingRun } from './waiting-run.ts';

/**
 * Starts a program.
 *
 * @returns Null if there is no process for it yet; `asked` if there will soon be room in one that no
 *   other session waits for.
 */
export type Place = (
  program: Program,
  calls: ProgramCalls,
  session: symbol,
) => SandboxRun | 'asked' | null;

/**
 * Programs that wait for a process, by session: first come, first served.
 *
 * A session that gets a process takes all its programs there. So each session has one place in the
 * line, however many of its programs wait.
 */
export class WaitingLine {
  readonly #place: Place;
  readonly #line = new Map<symbol, Map<WaitingRun, readonly [Program, ProgramCalls]>>();
  #scheduled = false;

  constructor(place: Place) {
    this.#place = place;
  }

  /** How many sessions wait. */
  get length(): number {
    return this.#line.size;
  }

  has(session: symbol): boolean {
    return this.#line.has(session);
  }

  add(program: Program, calls: ProgramCalls, session: symbol): SandboxRun {
    const run = new WaitingRun((killed) => this.#remove(session, killed));
    const programs = this.#line.get(session) ?? new Map();
    this.#line.set(session, programs.set(run, [program, calls]));
    return run;
  }

  /** There may be a process: offers it to those who wait, after the current task. */
  move(): void {
    if (this.#scheduled || this.#line.size === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.moveNow();
    });
  }

  /** Like `move`, but at once. */
  moveNow(): void {
    for (const [session, programs] of this.#line) {
      for (const [run, [program, calls]] of programs) {
        const placed = this.#place(program, calls, session);
        if (placed === null) return;
        if (placed === 'asked') break;
        this.#remove(session, run);
        run.place(placed);
      }
    }
  }

  /** Fails all programs that wait. */
  close(): void {
    const failure = notStarted('was not started because its sandbox was closed');
    for (const programs of this.#line.values())
      for (const run of programs.keys()) run.fail(failure);
    this.#line.clear();
  }

  #remove(session: symbol, run: WaitingRun): void {
    const programs = this.#line.get(session);
    programs?.delete(run);
    if (programs?.size === 0) this.#line.delete(session);
  }
}
