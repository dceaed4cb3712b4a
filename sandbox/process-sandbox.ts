import { availableParallelism, totalmem } from 'node:os';
import { withDefaults } from '../src/limits.ts';
import type { Program, ProgramCalls, Sandbox, SandboxRun } from '../src/sandbox.ts';
import { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from './limits.ts';
import { engineNode } from './process/engine-node.ts';
import { EngineProcess, lost } from './process/engine-process.ts';
import type { ProcessLimits } from './process/limits.ts';
import { ProcessRun } from './process/process-run.ts';

/** How a process sandbox is set up. */
export interface ProcessSandboxOptions {
  /** The Node.js binary that runs programs. Default: see `docs/security.md`. */
  readonly nodePath?: string;
  /** Processes kept ready beside those in use. Default 1. */
  readonly spares?: number;
  /** Sessions that share a process from the start. Default 1. */
  readonly sessionsPerProcess?: number;
  readonly limits?: Partial<SandboxLimits & ProcessLimits>;
}

/** How often memory is looked at, in milliseconds. */
const WATCH_MS = 25;
const WATCHES_PER_PING = 20;

function defaultProcessLimits(): ProcessLimits {
  return {
    maxProcessBytes: 1 << 30,
    maxTotalBytes: Math.floor(totalmem() / 2),
    maxProcesses: Math.max(Math.floor(totalmem() / 4 / (64 << 20)), availableParallelism() * 4),
    stopMs: 250,
    hangMs: 5_000,
    idleMs: 10_000,
    maxProgramsPerProcess: 1_000,
  };
}

/**
 * Runs programs in isolates of processes of their own, one session a process.
 *
 * Whatever a program does, it can hurt nothing but its session's other live programs: a process
 * that crashes, grows too large or does not stop is ended. Loads no native code here.
 */
export class ProcessSandbox implements Sandbox {
  readonly isolation = 'process';
  readonly #nodePath: string;
  readonly #options: ProcessSandboxOptions;
  readonly #sandboxLimits: SandboxLimits;
  readonly #limits: ProcessLimits;
  readonly #engines = new Set<EngineProcess>();
  readonly #sessions = new Map<symbol, EngineProcess>();
  readonly #idleSince = new Map<EngineProcess, number>();
  readonly #exits = new Map<EngineProcess, () => void>();
  #watch: NodeJS.Timeout | undefined;
  #spareTimer: NodeJS.Timeout | undefined;
  #watches = 0;
  #closed = false;
  #closing: Promise<void> | null = null;

  /** @throws `sandbox_failed` where there is no engine; `invalid_argument` for limits that are none. */
  constructor(options: ProcessSandboxOptions = {}) {
    const all = withDefaults(
      { ...DEFAULT_SANDBOX_LIMITS, ...defaultProcessLimits() },
      options.limits,
    );
    this.#options = options;
    this.#nodePath = engineNode(options.nodePath);
    this.#limits = all;
    this.#sandboxLimits = pick(all);
    this.#keepSpares();
  }

  /** Sandbox processes there are now, with their process ids. */
  get pids(): readonly number[] {
    return [...this.#engines].flatMap(({ pid }) => pid ?? []);
  }

  /** The process a session's programs ran in last, where it is still theirs. */
  pidOf(session: symbol): number | undefined {
    return [...this.#engines].find((engine) => engine.knows(session))?.pid;
  }

  run(program: Program, calls: ProgramCalls, session: symbol): SandboxRun {
    if (this.#closed) {
      const run = new ProcessRun(
        0,
        calls,
        () => {},
        () => {},
      );
      run.lose({ kind: 'lost', text: 'the sandbox is closed' });
      return run;
    }
    const engine = this.#engineFor(session);
    this.#idleSince.delete(engine);
    this.#sessions.set(session, engine);
    const run = engine.start(program, calls, session);
    this.#startWatching();
    this.#spareTimer ??= setTimeout(() => this.#keepSpares(), WATCH_MS).unref();
    return run;
  }

  /** The process stays with the session until another one needs it. */
  release(session: symbol): void {
    this.#sessions.delete(session);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    clearTimeout(this.#spareTimer);
    const exits = [...this.#engines].map(
      (engine) => new Promise<void>((resolve) => this.#exits.set(engine, resolve)),
    );
    for (const engine of this.#engines) engine.close();
    await Promise.all(exits);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #engineFor(session: symbol): EngineProcess {
    const own = this.#sessions.get(session);
    if (own !== undefined && !own.gone) return own;
    const living = [...this.#engines].filter((engine) => !engine.gone);
    const idle = living.filter((engine) => engine.load === 0);
    const free = idle.find((engine) => engine.knows(session)) ?? idle[0];
    if (free !== undefined) {
      free.dedicate(session);
      return free;
    }
    const { sessionsPerProcess = 1 } = this.#options;
    const byLoad = living.toSorted((a, b) => a.sessionCount - b.sessionCount || a.load - b.load);
    const shared = byLoad.find(({ sessionCount }) => sessionCount < sessionsPerProcess);
    if (shared !== undefined) return shared;
    if (living.length < this.#limits.maxProcesses || byLoad[0] === undefined) return this.#spawn();
    return byLoad[0];
  }

  #spawn(): EngineProcess {
    const engine = new EngineProcess({
      nodePath: this.#nodePath,
      sandboxLimits: this.#sandboxLimits,
      limits: this.#limits,
      onIdle: (idle) => this.#idle(idle),
      onGone: (gone) => this.#gone(gone),
    });
    this.#engines.add(engine);
    this.#idleSince.set(engine, performance.now());
    return engine;
  }

  #idle(engine: EngineProcess): void {
    this.#idleSince.set(engine, performance.now());
    const { maxProgramsPerProcess, maxProcessBytes } = this.#limits;
    const worn = engine.programs >= maxProgramsPerProcess || engine.usedBytes > maxProcessBytes / 4;
    if (worn) engine.end(lost('was replaced'));
  }

  #gone(engine: EngineProcess): void {
    this.#engines.delete(engine);
    this.#idleSince.delete(engine);
    for (const [session, own] of this.#sessions) if (own === engine) this.#sessions.delete(session);
    this.#exits.get(engine)?.();
    this.#spareTimer ??= setTimeout(() => this.#keepSpares(), WATCH_MS).unref();
  }

  #keepSpares(): void {
    this.#spareTimer = undefined;
    if (this.#closed) return;
    const { spares = 1 } = this.#options;
    const living = [...this.#engines].filter((engine) => !engine.gone);
    const idle = living.filter((engine) => engine.load === 0).length;
    const missing = Math.min(spares - idle, this.#limits.maxProcesses - living.length);
    for (let number = 0; number < missing; number += 1) this.#spawn();
  }

  #startWatching(): void {
    this.#watch ??= setInterval(() => this.#look(), WATCH_MS).unref();
  }

  /** Ends what grew too large or went silent, and processes nobody has needed for long. */
  #look(): void {
    this.#watches += 1;
    const { maxProcessBytes, maxTotalBytes, hangMs } = this.#limits;
    let total = 0;
    let largest: { engine: EngineProcess; used: number } | null = null;
    for (const engine of this.#engines) {
      if (engine.gone || engine.load === 0) continue;
      const used = engine.usedBytes;
      total += used;
      if (largest === null || used > largest.used) largest = { engine, used };
      if (used > maxProcessBytes) engine.end(tooLarge('maxProcessBytes', maxProcessBytes, used));
      else if (this.#watches % WATCHES_PER_PING === 0 && engine.silentMs() > hangMs) {
        engine.end(lost(`gave no sign of life for ${hangMs} ms (hangMs)`));
      }
    }
    if (total > maxTotalBytes && largest !== null) {
      largest.engine.end(tooLarge('maxTotalBytes', maxTotalBytes, total));
    }
    this.#reap(total === 0);
  }

  #reap(nothingRuns: boolean): void {
    const { spares = 1 } = this.#options;
    const idle = [...this.#idleSince].filter(([engine]) => !engine.gone);
    const limit = performance.now() - this.#limits.idleMs;
    const old = idle
      .filter(([, since]) => since < limit)
      .slice(0, Math.max(0, idle.length - spares));
    for (const [engine] of old) engine.end(lost('was idle'));
    if (!nothingRuns || idle.length - old.length > spares) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }
}

/**
 * A sandbox of isolates in processes of their own. Loads no native code here.
 *
 * @throws `sandbox_failed` where no engine is found; `invalid_argument` for limits that are none.
 */
export function processSandbox(options?: ProcessSandboxOptions): ProcessSandbox {
  return new ProcessSandbox(options);
}

function tooLarge(limit: string, bound: number, used: number) {
  const mib = (bytes: number) => `${Math.round(bytes / (1 << 20))} MiB`;
  const text = `The cell was stopped: its sandbox process used ${mib(used)}, the limit is ${mib(bound)} (${limit})`;
  return { kind: 'memory', text } as const;
}

function pick(all: SandboxLimits & ProcessLimits): SandboxLimits {
  const names = Object.keys(DEFAULT_SANDBOX_LIMITS) as (keyof SandboxLimits)[];
  return Object.fromEntries(names.map((name) => [name, all[name]])) as unknown as SandboxLimits;
}
