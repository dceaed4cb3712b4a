import type { Program, ProgramCalls, SandboxRun } from '../../src/sandbox.ts';
import type { SandboxLimits } from '../limits.ts';
import type { Spawn } from './early-spawn.ts';
import type { EndCause } from './end-cause.ts';
import type { EngineProcess } from './engine-process.ts';
import type { KillPace } from './kill-pace.ts';
import type { ProcessLimits } from './limits.ts';

/** A program that was given to a process. */
export type StartedProgram = readonly [program: Program, calls: ProgramCalls, session: symbol];

/** How an engine process is started. */
export interface EngineOptions {
  readonly nodePath: string;
  /** See `ChildStart`. Default: none. */
  readonly launch?: readonly string[];
  /** See `ChildStart`. A process that the system ends with its host may leave programs alone from the first one on. */
  readonly endWithHost?: readonly string[];
  readonly sandboxLimits: SandboxLimits;
  readonly limits: ProcessLimits;
  /** Default: `spawn` of Node.js. */
  readonly spawn?: Spawn;
  /** See `ChildStart`. */
  readonly rehearses?: boolean;
  /** Called once, when the process has exited or could not be started. Never called synchronously. */
  readonly onGone: (engine: EngineProcess, cause: EndCause) => void;
  /** Called once, when it accepts programs; with whether it found none of its code compiled. */
  readonly onReady: (engine: EngineProcess, lacksCode: boolean) => void;
  /** Called when another program may start in it, or should no longer wait for that. */
  readonly onAccess?: (engine: EngineProcess) => void;
  /**
   * After how many deliveries to lone programs it prepares to leave them alone, which costs a thread;
   * 0 for never. Default: 0.
   */
  readonly aloneAfter?: number;
  /** Whether its program may be left alone now. Default: never. */
  readonly mayBeAlone?: (engine: EngineProcess) => boolean;
  /**
   * Runs a program again that has not begun, because the process has given no sign of life since it got
   * it. Default: it is lost.
   *
   * @returns Null if it is not run again.
   */
  readonly again?: (...start: StartedProgram) => SandboxRun | null;
  /** When programs are killed. */
  readonly pace: Pick<KillPace, 'add'>;
  /** Called when nothing runs in it any more. */
  readonly onIdle: (engine: EngineProcess) => void;
}
