import type { EndCause } from './end-cause.ts';
import type { KillPace } from './kill-pace.ts';
import type { ProcessLimits } from './limits.ts';
import type { LoneProgram } from './lone-program.ts';
import { processorUse } from './processor-use.ts';
import type { SignsOfLife } from './signs-of-life.ts';

/** What supervising a sandbox process needs. */
export interface SupervisionParts {
  readonly limits: ProcessLimits;
  readonly signs: SignsOfLife;
  readonly lone: LoneProgram;
  readonly pid: () => number | undefined;
  /** Sends the question that the process answers as a sign of life. */
  readonly ping: () => void;
  readonly pace: Pick<KillPace, 'add'>;
  /** Tells it to stop a program. */
  readonly tell: (id: number) => void;
  /** Ends the process, which has done this. */
  readonly end: (cause: EndCause, what: string) => void;
}

/**
 * Ends a sandbox process that hangs, or in which a program does not stop.
 *
 * A process whose main thread is inside the program that it leaves alone gives no sign of life. It
 * hangs only if it does not use its processor either.
 */
export class Supervision {
  readonly #parts: SupervisionParts;
  /** What the process had used when it was asked or looked at, in milliseconds. */
  #processorMs = 0;

  constructor(parts: SupervisionParts) {
    this.#parts = parts;
  }

  /** Asks for a sign of life. */
  ask(): void {
    const { signs, lone, ping } = this.#parts;
    if (signs.asked() && lone.isAlone) this.#lookAtProcessor();
    ping();
  }

  /** Counts time, in milliseconds, in which the process could have been heard. Ends it if it is silent or stuck. */
  pass(listenedMs: number): void {
    const { limits, signs, lone } = this.#parts;
    const late = signs.pass(listenedMs);
    if (late === 'stuck') this.#endStuck();
    if (late !== 'silent') return;
    const { state, isComputing } = this.#lookAtProcessor();
    if (lone.isAlone && isComputing) return signs.excused();
    const hangs = `gave no sign of life for ${limits.hangMs} ms (hangMs), and is in state ${state}`;
    const what = signs.started ? hangs : `did not start in ${limits.startMs} ms (startMs)`;
    this.#parts.end(late, what);
  }

  /**
   * Tells it to stop a program: at once, or soon if many are being killed. How long it may take counts
   * from then; what the program sends is dropped from now on.
   */
  kill(id: number, how: 'killed' | 'stopped'): void {
    const { signs, pace } = this.#parts;
    signs.condemned(id);
    const tell = () => this.#tell(id);
    if (how === 'stopped') tell();
    else pace.add(tell);
  }

  /** Does nothing if the process has ended. */
  #tell(id: number): void {
    const { signs, lone, tell } = this.#parts;
    if (!signs.isStopping(id)) return;
    tell(id);
    signs.killed(id);
    lone.killed(() => {
      if (signs.isStopping(id)) this.#endStuck();
    });
  }

  #endStuck(): void {
    this.#parts.end('stuck', 'was ended because a program in it did not stop');
  }

  /** The state of its main thread, and whether the process has used its processor since the last time. */
  #lookAtProcessor(): { readonly state: string; readonly isComputing: boolean } {
    const beforeMs = this.#processorMs;
    const { state, usedMs } = processorUse(this.#parts.pid()) ?? { state: '?', usedMs: beforeMs };
    this.#processorMs = usedMs;
    return { state, isComputing: usedMs > beforeMs };
  }
}
