import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';
import { QuietMoment } from '../quiet-moment.ts';
import { BlamedSessions } from './blamed-sessions.ts';
import { chooseEngine } from './choose-engine.ts';
import { type EndCause, lost, noEnds } from './end-cause.ts';
import { EngineProcess } from './engine-process.ts';
import { IdleEngines } from './idle-engines.ts';
import { KillPace } from './kill-pace.ts';
import type { PoolCounts, PoolOptions } from './pool-options.ts';
import { processorUse } from './processor-use.ts';
import { SessionEngines } from './session-engines.ts';
import { Traffic } from './traffic.ts';
import { SPARE_MOMENT, WantedSpares } from './wanted-spares.ts';

/** Leaving programs alone takes a thread, as dear as what forty deliveries gain; but it starts beside them. */
const ALONE_AFTER = 8;
/** How many processes must be possible for one to leave its program alone: another session needs one. */
const MIN_PROCESSES = 2;
/** Whether it can be told if a process that gives no sign of life is computing. */
const CAN_TELL_COMPUTING = processorUse(process.pid) !== null;

/** How many processes are started at one time: more would only delay each other. */
const MAX_STARTING = Math.max(2, availableParallelism());
/** Sessions that wait for a process come before spares, except those that brought theirs down, which come last. */
const SPARE_PRIORITY = -1;
const BLAMED_PRIORITY = -2;

/** The sandbox processes, and which of them runs the programs of which session. */
export class EnginePool {
  readonly #options: PoolOptions;
  readonly #engines = new Set<EngineProcess>();
  readonly #held = new SessionEngines<EngineProcess>();
  readonly #blamed = new BlamedSessions();
  readonly #idle: IdleEngines<EngineProcess>;
  readonly #exits = new Map<EngineProcess, () => void>();
  /** Starts of processes, first come, first served. */
  readonly #starts = new PQueue({ concurrency: MAX_STARTING });
  /** Resolves the start of a process that is ready or gone. */
  readonly #started = new Map<EngineProcess, () => void>();
  #sparesToStart = 0;
  readonly #wantedSpares: WantedSpares;
  readonly #ended = noEnds();
  #stoppedPrograms = 0;
  readonly #traffic = new Traffic(() => this.living);
  readonly #spareMoment = new QuietMoment(() => this.#keepSpares(), {
    ...SPARE_MOMENT,
    isQuiet: () => this.#traffic.isLow(),
  });
  readonly #pace = new KillPace();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { spares, limits } = options;
    this.#idle = new IdleEngines({ spares, ...limits });
    this.#wantedSpares = new WantedSpares(spares);
    this.#keepSpares();
  }

  get engines(): readonly EngineProcess[] {
    return [...this.#engines];
  }

  /** The processes that are not being ended. */
  get living(): readonly EngineProcess[] {
    return this.engines.filter((engine) => !engine.gone);
  }

  get counts(): PoolCounts {
    const { living } = this;
    const ended = { ...this.#ended };
    let stoppedPrograms = this.#stoppedPrograms;
    for (const { cause, heaviest } of this.#engines) {
      stoppedPrograms += heaviest.stopped;
      if (cause !== null) ended[cause] += 1;
    }
    const sharing = this.#held.sessions.filter((session) => this.isSharing(session));
    return {
      processes: living.length,
      spares: living.filter((engine) => engine.load === 0).length,
      programs: living.reduce((sum, engine) => sum + engine.load, 0),
      sharingSessions: sharing.length,
      stoppedPrograms,
      ended,
    };
  }

  /** Whether a session's programs share a process with those of others. */
  isSharing(session: symbol): boolean {
    return [...this.#held.of(session)].some(
      (engine) => !engine.gone && this.#held.isShared(engine),
    );
  }

  /**
   * A process for the next program of a session, which owns it from now on if there are enough.
   *
   * @returns Null if one has to be started: see `grow`; `asked` if one of the session's own was asked to
   *   make room, or to stop what runs in it: `onRoom` is called when it has, or probably will not soon.
   */
  take(session: symbol): EngineProcess | 'asked' | null {
    const engine = this.#choose(session);
    if (engine === null || engine === 'asked') return engine;
    this.#idle.delete(engine);
    this.#held.hold(session, engine);
    if (this.#idle.isSpent(engine)) this.#keepSpares();
    else this.#spareMoment.await();
    return engine;
  }

  /**
   * Starts a process for a session when it is the session's turn, then calls `onRoom`.
   *
   * @param isWanted Called at that time: the session may have got another process.
   */
  grow(session: symbol, isWanted: () => boolean): void {
    const priority = this.#isBlamed(session) ? BLAMED_PRIORITY : 0;
    void this.#starts.add(() => (isWanted() ? this.#startOne() : undefined), { priority });
  }

  /** A session runs nothing any more. Its process stays with it until another session needs it. */
  release(session: symbol): void {
    if (this.isSharing(session)) {
      for (const engine of this.#held.of(session)) engine.endSession(session);
    }
    this.#held.release(session);
  }

  /**
   * Ends processes that have long been idle, and those that became idle and are large.
   *
   * @param short Whether memory is short: then all idle ones but the spares are ended.
   * @returns Whether only spares are idle now.
   */
  reap(nowMs: number, short: boolean): boolean {
    for (const engine of this.#idle.takeLarge()) engine.end('worn', lost('was replaced'));
    const idleMs = short ? 0 : this.#options.limits.idleMs;
    const { old, areOthersSpares } = this.#idle.unneeded(nowMs, idleMs);
    if (old.length > 0) this.#wantedSpares.lackedRelief(false);
    for (const engine of old) engine.end('idle', lost('was idle'));
    return areOthersSpares;
  }

  /** Ends all processes and waits until they are gone, or only until all are killed. */
  async close(waits = true): Promise<void> {
    this.#closed = true;
    this.#spareMoment.cancel();
    this.#starts.clear();
    const exits = this.engines.map(
      (engine) => new Promise<void>((resolve) => this.#exits.set(engine, resolve)),
    );
    for (const engine of this.#engines) engine.close(waits);
    if (waits) await Promise.all(exits);
    else await new Promise((resolve) => setImmediate(resolve));
  }

  #choose(session: symbol): EngineProcess | 'asked' | null {
    const { sessionsPerProcess, limits } = this.#options;
    const { maxProcesses } = limits;
    const nowMs = performance.now();
    const { engine, asked, isPatient, isTaken, lacksRelief } = chooseEngine({
      session,
      living: () => this.living,
      own: [...this.#held.of(session)].filter(({ gone }) => !gone),
      isBlamed: () => this.#isBlamed(session),
      idleMs: (each) => this.#idle.forMs(each, nowMs),
      maxProcesses,
      sessionsPerProcess,
    });
    if (lacksRelief !== undefined) this.#wantedSpares.lackedRelief(lacksRelief);
    asked?.lone.want();
    if (asked !== undefined || isPatient) return 'asked';
    if (isTaken && engine !== null) {
      engine.dedicate(session);
      this.#held.free(engine);
    }
    return engine;
  }

  get #leavesAlone(): boolean {
    const { sessionsPerProcess, limits } = this.#options;
    return CAN_TELL_COMPUTING && sessionsPerProcess === 1 && limits.maxProcesses >= MIN_PROCESSES;
  }

  /**
   * Whether the program of a process may be left alone. Not in the last process that there can be, so
   * that one has always room for others; and not if its session has brought down a process.
   */
  #mayBeAlone(engine: EngineProcess): boolean {
    const { maxProcesses } = this.#options.limits;
    if (this.#engines.size >= maxProcesses && this.living.length >= maxProcesses) return false;
    for (const session of engine.sessions) {
      if (this.#blamed.has(session, performance.now())) return false;
    }
    return true;
  }

  /** Includes sessions of a process that is about to be ended. */
  #isBlamed(session: symbol): boolean {
    if (this.#blamed.has(session, performance.now())) return true;
    return this.engines.some((engine) => (engine.gone || engine.stopping) && engine.knows(session));
  }

  /** Resolves when the process is ready or gone. */
  #startOne(rehearses = false): Promise<void> | undefined {
    const { limits, onRoom } = this.#options;
    if (this.#closed || this.living.length >= limits.maxProcesses) {
      onRoom(false);
      return undefined;
    }
    const engine = new EngineProcess({
      ...this.#options,
      pace: this.#pace,
      rehearses,
      onReady: (ready, lacksCode) => this.#endStart(ready, lacksCode),
      onIdle: (idle) => this.#becameIdle(idle),
      onAccess: () => this.#options.onRoom(false),
      aloneAfter: this.#leavesAlone ? (this.#options.aloneAfter ?? ALONE_AFTER) : 0,
      mayBeAlone: (lone) => this.#mayBeAlone(lone),
      onGone: (gone, cause) => this.#gone(gone, cause),
    });
    this.#engines.add(engine);
    this.#idle.add(engine, performance.now());
    onRoom(true);
    return new Promise((resolve) => this.#started.set(engine, resolve));
  }

  #endStart(engine: EngineProcess, lacksCode = false): void {
    this.#started.get(engine)?.();
    this.#started.delete(engine);
    this.#options.onRoom(false);
    if (lacksCode && this.#wantedSpares.foundNoCode()) this.#spareMoment.await();
  }

  #becameIdle(engine: EngineProcess): void {
    this.#idle.became(engine, performance.now());
    if (engine.worn) engine.end('worn', lost('was replaced'));
    this.#options.onRoom(false);
  }

  #gone(engine: EngineProcess, cause: EndCause): void {
    this.#endStart(engine);
    this.#blamed.ended(cause, engine.sessions, performance.now());
    this.#engines.delete(engine);
    this.#ended[cause] += 1;
    this.#stoppedPrograms += engine.heaviest.stopped;
    this.#idle.delete(engine);
    this.#held.free(engine);
    this.#exits.get(engine)?.();
    // A process that cannot even start would be started again for ever. The next program reports why.
    if (engine.ready && !this.#closed) this.#spareMoment.await();
  }

  #keepSpares(): void {
    if (this.living.some(({ starting }) => starting > 0)) return this.#spareMoment.await();
    const toStart = this.#missingSpares - this.#sparesToStart;
    for (let number = 0; number < toStart; number += 1) {
      this.#sparesToStart += 1;
      void this.#starts.add(() => this.#startSpare(), { priority: SPARE_PRIORITY });
    }
  }

  get #missingSpares(): number {
    const { living } = this;
    const idle = living.filter((engine) => engine.load === 0 && !this.#idle.isSpent(engine)).length;
    const room = this.#options.limits.maxProcesses - living.length;
    return Math.min(this.#wantedSpares.count - idle, room);
  }

  /** Starts none if others became free before its turn. */
  #startSpare(): Promise<void> | undefined {
    this.#sparesToStart -= 1;
    if (this.#missingSpares <= 0) return undefined;
    // The first process of all may be waited for.
    const rehearses = this.#engines.size > 0;
    if (rehearses) this.#wantedSpares.rehearses();
    return this.#startOne(rehearses);
  }
}
