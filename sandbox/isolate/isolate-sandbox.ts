import { withDefaults } from '../../src/limits.ts';
import type { Program, ProgramCalls, Sandbox } from '../../src/sandbox.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from '../limits.ts';
import { QuietMoment } from '../quiet-moment.ts';
import { editorFor, loadEditor } from '../source/module-source.ts';
import { collectAtExit } from './collect-at-exit.ts';
import { BY_THREADS, type Doorway } from './doorway.ts';
import type { HelperCode } from './helper-code.ts';
import { IsolateReserve } from './isolate-reserve.ts';
import { IsolateRun } from './isolate-run.ts';
import type { ProgramIsolate } from './program-isolate.ts';
import { SessionTurns } from './session-turns.ts';
import { UsedIsolates } from './used-isolates.ts';

/** How an isolate sandbox is set up. */
export interface IsolateSandboxOptions {
  /**
   * New isolates kept ready for the next programs; each takes about 1.3 MB. Default: 2. After that was
   * too few, up to 32 are kept until none has been needed for ten seconds. If it is 0, none are.
   */
  readonly reserve?: number;
  readonly limits?: Partial<SandboxLimits>;
}

/** A program whose turn has come and that waits to be started. */
interface WaitingProgram {
  readonly run: IsolateRun;
  readonly session: symbol;
  readonly source: string;
}

const CLOSE_MS = 1_000;
/**
 * What no program waits for is done when no program has started or ended, and no isolate was entered, for so long, in
 * milliseconds: it blocks this thread, and the answers to a program's calls would wait.
 */
const QUIET_MS = 200;

/**
 * Runs each program in a fresh context of an isolate of this process.
 *
 * The isolate is new, or has run programs of the same session that ended by themselves. This is the
 * fastest way to run a program, but no boundary against a hostile one: some programs bring down the
 * whole process, others never stop. See `docs/security.md`.
 */
export class IsolateSandbox implements Sandbox {
  readonly isolation = 'engine';
  readonly #limits: SandboxLimits;
  readonly #reserve: IsolateReserve;
  readonly #used: UsedIsolates;
  readonly #turns: SessionTurns;
  #door: Doorway = BY_THREADS;
  /** In their order. */
  readonly #waiting: WaitingProgram[] = [];
  readonly #runs = new Set<IsolateRun>();
  /** Programs that have ended and may still be inside their isolate. */
  readonly #stopping = new Set<Promise<void>>();
  readonly #quiet = new QuietMoment(() => this.#catchUp(), {
    quietMs: QUIET_MS,
    isQuiet: () => this.#isQuiet(),
  });
  #entries = 0;
  #closed = false;

  constructor({ reserve = 2, limits }: IsolateSandboxOptions = {}) {
    collectAtExit();
    this.#limits = withDefaults(DEFAULT_SANDBOX_LIMITS, limits);
    this.#reserve = new IsolateReserve(reserve, this.#limits);
    this.#used = new UsedIsolates(this.#limits);
    this.#turns = new SessionTurns(this.#limits.maxRunningPrograms);
    this.#awaitQuiet();
  }

  /** New isolates that are ready for a program. */
  get reserved(): number {
    return this.#reserve.size;
  }

  /** Isolates made for programs so far. */
  get made(): number {
    return this.#reserve.made;
  }

  /** Used isolates that are kept for a program of their session. */
  get kept(): number {
    return this.#used.size;
  }

  /** Isolates of programs that start later are entered like this. @internal */
  enterThrough(door: Doorway): void {
    this.#door = door;
  }

  /** The helpers are compiled with what this finds. To be called before a program is run. @internal */
  compileHelpersWith(code: HelperCode): void {
    this.#reserve.compileHelpersWith(code);
  }

  run(program: Program, calls: ProgramCalls, session: symbol): IsolateRun {
    const turn = this.#turns.join(session, (isWaiting) => calls.waits(isWaiting));
    const onOver = (left: ProgramIsolate | null) => {
      this.#runs.delete(run);
      this.#stopping.add(run.stopped);
      void run.stopped.then(() => this.#stopping.delete(run.stopped));
      this.#over(left, session);
    };
    const run = new IsolateRun(program, calls, this.#limits, turn, onOver, this.#door);
    if (this.#closed) {
      run.fail('the sandbox is closed');
      return run;
    }
    this.#runs.add(run);
    const given = turn.take();
    const waiting = { run, session, source: program.source };
    if (given === null) this.#startSoon(waiting);
    else void given.then((mayRun) => mayRun && this.#startSoon(waiting));
    return run;
  }

  /** Disposes the isolates the session has used, unless it runs another program within a second. */
  release(session: symbol): void {
    this.#used.release(session);
  }

  /** Disposes the isolates the session has used. The session runs nothing any more. */
  forget(session: symbol): void {
    this.#used.forget(session);
  }

  /**
   * Waits until no thread is inside an isolate, because a process that exits earlier may crash. Waits
   * for one second at most, because some programs never stop.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const run of this.#runs) run.kill();
    this.#reserve.close();
    this.#stopping.add(this.#used.close());
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_MS);
    await Promise.race([Promise.all(this.#stopping), tooLong]);
    clearTimeout(timer);
    await new Promise((resolve) => setImmediate(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #startSoon(program: WaitingProgram): void {
    const editor = editorFor(program.source);
    if (editor !== null) return this.#startAfter(editor, program);
    if (this.#waiting.push(program) === 1) queueMicrotask(() => this.#startWaiting());
  }

  #startAfter(editor: Promise<void>, program: WaitingProgram): void {
    const onLoaded = () => this.#startSoon(program);
    editor.then(onLoaded, (error: unknown) => program.run.fail(notStarted(error)));
  }

  /** Does what programs need later, so that few wait for it, and none for the processor time that it takes. */
  #catchUp(): void {
    if (this.#closed) return;
    // A program that needs it tries again.
    void loadEditor()?.catch(() => {});
    this.#reserve.refill();
  }

  #awaitQuiet(): void {
    this.#entries = this.#turns.asked;
    this.#quiet.await();
  }

  /** Whether no isolate was entered since this was asked last. */
  #isQuiet(): boolean {
    const before = this.#entries;
    this.#entries = this.#turns.asked;
    return this.#entries === before;
  }

  #over(left: ProgramIsolate | null, session: symbol): void {
    if (left !== null) this.#used.put(session, left);
    const hasOthers = this.#turns.has(session);
    if (hasOthers) this.#used.prepareAside(session);
    if (this.#waiting.length > 0) return;
    this.#used.settleSoon();
    if (hasOthers) return;
    this.#awaitQuiet();
    this.#reserve.refillForNext(left !== null && this.#used.size === 0);
  }

  /**
   * Preparing an isolate blocks this thread, so everything else has a turn between two programs that
   * need it. Programs that end meanwhile leave their isolates to those that wait.
   */
  #startWaiting(): void {
    do {
      const next = this.#waiting.shift();
      if (next !== undefined) this.#start(next);
    } while (this.#isNextPrepared());
    if (this.#waiting.length > 0) setImmediate(() => this.#startWaiting());
  }

  #isNextPrepared(): boolean {
    const next = this.#waiting[0];
    return next !== undefined && (this.#reserve.size > 0 || this.#used.isReady(next.session));
  }

  #start({ run, session }: WaitingProgram): void {
    if (run.over) return;
    try {
      run.start(this.#used.take(session) ?? this.#reserve.take());
    } catch (error) {
      run.fail(notStarted(error));
    }
    this.#awaitQuiet();
    if (this.#waiting.length > 0) return;
    this.#used.settleSoon();
    this.#reserve.refillAfterStart();
  }
}

function notStarted(error: unknown): string {
  return `failed to initialize code mode runtime: ${String(error)}`;
}

/**
 * A sandbox of isolates in this process. Loads isolated-vm.
 *
 * @throws `invalid_argument` for an unknown limit, or a limit that is not a number.
 */
export function isolateSandbox(options?: IsolateSandboxOptions): IsolateSandbox {
  return new IsolateSandbox(options);
}
