import { availableParallelism, totalmem } from 'node:os';
import { withDefaults } from '../../src/limits.ts';
import type { Program, ProgramCalls, Sandbox, SandboxRun } from '../../src/sandbox.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from '../limits.ts';
import type { Spawn } from './early-spawn.ts';
import { endWithParent } from './end-with-parent.ts';
import { engineNode } from './engine-node.ts';
import { EnginePool } from './engine-pool.ts';
import type { ProcessLimits } from './limits.ts';
import { ListeningClock } from './listening-clock.ts';
import { MemoryWatch } from './memory-watch.ts';
import type { PoolCounts } from './pool-options.ts';
import { ProcessRun } from './process-run.ts';
import { WaitingLine } from './waiting-line.ts';

/** How a process sandbox is set up. */
export interface ProcessSandboxOptions {
  /** The Node.js binary that runs programs. Default: see `docs/security.md`. */
  readonly nodePath?: string;
  /**
   * Words before the command of each process, such as `['prlimit', '--core=0']`. Each program that
   * they name must replace itself with the next one, so that the process keeps its id. See
   * `restrictedLaunch`. Default: none.
   */
  readonly launch?: readonly string[];
  /** How many unused processes are kept ready. Default: 1. */
  readonly spares?: number;
  /** How many sessions share a process, even while more could be started. Default: 1. */
  readonly sessionsPerProcess?: number;
  /**
   * After how many starts and answers a process prepares to run a cell that is alone in it on its main
   * thread; more than four answers at once do not count. That halves the time of a tool call, and takes
   * a thread of 10 MB, which is started when they rest for 2 ms, or after twelve more. 0 for never. Default: 8.
   */
  readonly aloneAfter?: number;
  readonly limits?: Partial<SandboxLimits & ProcessLimits>;
}

/** Also what only programs of this package set, whose main thread is never busy for long. */
export type HostSandboxOptions = ProcessSandboxOptions & {
  /** What starts its processes, for those that have started one already. */
  readonly spawn?: Spawn;
  /**
   * Words from `endWithParent`. A process runs a cell that is alone in it on its main thread from the second one on then, and until
   * it has rested, nothing but this process watches its memory meanwhile.
   */
  readonly endWithHost?: readonly string[];
};

/** How often memory is checked, in milliseconds: as a rule, and while much of it is in use. */
const WATCH_MS = 25;
const CLOSE_WATCH_MS = 5;
const PING_MS = 500;

/** The limits of a process sandbox that sets none. */
export function defaultProcessLimits(): ProcessLimits {
  return {
    maxProcessBytes: 1 << 30,
    maxTotalBytes: Math.floor(totalmem() / 2),
    maxProcesses: Math.max(Math.floor(totalmem() / 4 / (64 << 20)), availableParallelism() * 4),
    stopMs: 250,
    startMs: 30_000,
    hangMs: 10_000,
    idleMs: 10_000,
    maxProgramsPerProcess: 1_000,
  };
}

/**
 * Runs programs in isolates of separate processes, one session per process.
 *
 * Whatever a program does, it can hurt only its session's other live programs: a process that
 * crashes, grows too large or does not stop is ended. Loads no native code in this process.
 */
export class ProcessSandbox implements Sandbox {
  readonly isolation = 'process';
  readonly #sandboxLimits: SandboxLimits;
  readonly #pool: EnginePool;
  readonly #waiting = new WaitingLine((...program) => this.#offer(...program));
  /** Sessions that wait for room in a process that they have. */
  readonly #asking = new Set<symbol>();
  /** Programs that were given to a second process, because the first one hung before they began. */
  readonly #moved = new WeakSet<ProgramCalls>();
  readonly #memory: MemoryWatch;
  readonly #clock = new ListeningClock(2 * WATCH_MS);
  #watch: NodeJS.Timeout | undefined;
  #pingedMs = 0;
  #closing: Promise<void> | null = null;

  /** @throws `sandbox_failed` if no Node.js is found to run cells on; `invalid_argument` for invalid limits. */
  constructor(options: ProcessSandboxOptions = {}) {
    const all = withDefaults(
      { ...DEFAULT_SANDBOX_LIMITS, ...defaultProcessLimits() },
      options.limits,
    );
    const { nodePath, launch = [], spares = 1, sessionsPerProcess = 1, aloneAfter } = options;
    const { spawn, endWithHost }: HostSandboxOptions = options;
    this.#sandboxLimits = pick(all);
    this.#memory = new MemoryWatch(all);
    this.#pool = new EnginePool({
      nodePath: engineNode(nodePath),
      launch,
      sandboxLimits: this.#sandboxLimits,
      limits: all,
      spares,
      sessionsPerProcess,
      ...(aloneAfter !== undefined && { aloneAfter }),
      ...(spawn !== undefined && { spawn }),
      ...(endWithHost !== undefined && { endWithHost }),
      onRoom: (isNew) => (isNew ? this.#waiting.moveNow() : this.#waiting.move()),
      again: (...start) => this.#runAgain(...start),
    });
  }

  /** The process ids of the current sandbox processes. */
  get pids(): readonly number[] {
    return this.#pool.engines.flatMap(({ pid }) => pid ?? []);
  }

  /** A process that a session's programs ran in last, if it still belongs to the session. */
  pidOf(session: symbol): number | undefined {
    return this.#pool.engines.find((engine) => engine.knows(session))?.pid;
  }

  /**
   * How a session's programs are isolated: in a `shared-process` if other sessions' programs run in
   * it too, because all `maxProcesses` were in use or `sessionsPerProcess` allows it; otherwise in a
   * `process` of their own.
   */
  isolationOf(session: symbol): 'process' | 'shared-process' {
    return this.#pool.isSharing(session) ? 'shared-process' : 'process';
  }

  /** The current counts. */
  get stats(): PoolCounts & { readonly waitingSessions: number } {
    return { ...this.#pool.counts, waitingSessions: this.#waiting.length };
  }

  run(program: Program, calls: ProgramCalls, session: symbol): SandboxRun {
    if (this.#closing !== null) {
      const nothing = () => {};
      const limits = this.#sandboxLimits;
      const effects = { limits, send: nothing, room: () => null, onRef: nothing, onOver: nothing };
      const run = new ProcessRun(0, program, calls, effects);
      run.lose({ kind: 'sandbox_failed', text: 'the sandbox is closed' });
      return run;
    }
    if (this.#waiting.has(session)) return this.#waiting.add(program, calls, session);
    const placed = this.#place(program, calls, session);
    if (placed !== null && placed !== 'asked') return placed;
    const waiting = this.#waiting.add(program, calls, session);
    if (placed === 'asked') this.#asking.add(session);
    else this.#grow(session);
    return waiting;
  }

  /** A process that no other session shares stays with the session until another one needs it. */
  release(session: symbol): void {
    this.#asking.delete(session);
    this.#pool.release(session);
  }

  close(): Promise<void> {
    return this.#close(true);
  }

  /**
   * Like `close`, for a process that is about to exit: resolves when all processes are killed. They run
   * nothing any more, but the system needs milliseconds to free each of them.
   */
  leave(): Promise<void> {
    return this.#close(false);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #close(waits: boolean): Promise<void> {
    clearTimeout(this.#watch);
    this.#waiting.close();
    this.#closing ??= this.#pool.close(waits);
    return this.#closing;
  }

  /** @returns Null the second time: the program itself may be why processes hang. */
  #runAgain(program: Program, calls: ProgramCalls, session: symbol): SandboxRun | null {
    if (this.#moved.has(calls)) return null;
    this.#moved.add(calls);
    return this.run(program, calls, session);
  }

  /** Starts a program, unless it has to wait for a process. */
  #place(program: Program, calls: ProgramCalls, session: symbol): SandboxRun | 'asked' | null {
    const engine = this.#pool.take(session);
    if (engine === null || engine === 'asked') return engine;
    const run = engine.start(program, calls, session);
    this.#startWatching();
    return run;
  }

  /** Starts a program that has waited. If its session's own process makes no room, it needs another one. */
  #offer(program: Program, calls: ProgramCalls, session: symbol): SandboxRun | 'asked' | null {
    const placed = this.#place(program, calls, session);
    const hasAsked = this.#asking.delete(session);
    if (placed === 'asked') this.#asking.add(session);
    else if (hasAsked && placed === null) this.#grow(session);
    return placed;
  }

  /** Has a process started for the session, unless it gets another one before its turn. */
  #grow(session: symbol): void {
    this.#pool.grow(session, () => this.#waiting.has(session));
  }

  #startWatching(): void {
    if (this.#watch !== undefined) return;
    this.#clock.restart(performance.now());
    this.#watch = setTimeout(() => this.#look(), WATCH_MS).unref();
  }

  /** Ends processes that grew too large, hang or do not stop, and those that have long been idle. */
  #look(): void {
    const nowMs = performance.now();
    const passedMs = this.#clock.look(nowMs);
    const busy = this.#pool.living.filter((engine) => engine.load > 0);
    for (const engine of busy) {
      engine.supervision.pass(passedMs);
      engine.lone.look();
    }
    const near = this.#memory.look(
      busy.filter((engine) => !engine.gone),
      this.#clock.nowMs,
    );
    if (nowMs - this.#pingedMs >= PING_MS) {
      this.#pingedMs = nowMs;
      for (const engine of busy) engine.supervision.ask();
    }
    this.#watch = undefined;
    const settled = this.#pool.reap(nowMs, this.#memory.short) && busy.length === 0;
    if (settled || this.#closing !== null) return;
    this.#watch = setTimeout(() => this.#look(), near ? CLOSE_WATCH_MS : WATCH_MS).unref();
  }
}

/**
 * A sandbox of isolates in separate processes. Loads no native code in this process.
 *
 * @throws `sandbox_failed` if no Node.js is found to run cells on; `invalid_argument` for invalid limits.
 */
export function processSandbox(options?: ProcessSandboxOptions): ProcessSandbox {
  return new ProcessSandbox(options);
}

/**
 * The sandbox of a program of this package: its main thread does nothing but serve it.
 *
 * @throws As `processSandbox`.
 */
export function hostSandbox(): ProcessSandbox {
  const options: HostSandboxOptions = { endWithHost: endWithParent() };
  return new ProcessSandbox(options);
}

function pick(all: SandboxLimits & ProcessLimits): SandboxLimits {
  const names = Object.keys(DEFAULT_SANDBOX_LIMITS) as (keyof SandboxLimits)[];
  // They travel as JSON, which has no infinity.
  const finite = (limit: number) => Math.min(limit, Number.MAX_VALUE);
  return Object.fromEntries(
    names.map((name) => [name, finite(all[name])]),
  ) as unknown as SandboxLimits;
}
