import type { CellFailure } from '../../src/events.ts';
import type { Program, ProgramCalls } from '../../src/sandbox.ts';
import { AnswerRoom } from './answer-room.ts';
import type { Access } from './company.ts';
import { type EndCause, heaviest, lost, notStarted } from './end-cause.ts';
import { EngineChild } from './engine-child.ts';
import type { EngineOptions, StartedProgram } from './engine-options.ts';
import { FrameWriter } from './frames.ts';
import { HeaviestProgram } from './heaviest-program.ts';
import { IncomingMessages } from './incoming-messages.ts';
import { LoneProgram, whenAble } from './lone-program.ts';
import { Down } from './message-kinds.ts';
import { type Over, ProcessRun, type RunEffects } from './process-run.ts';
import { residentBytes } from './resident-bytes.ts';
import { SentTools } from './sent-tools.ts';
import { SentValues } from './sent-values.ts';
import { SignsOfLife } from './signs-of-life.ts';
import { Supervision } from './supervision.ts';

/** Share of `maxProcessBytes` that may wait in the pipe. More would not fit into the process if it read it. */
const UNREAD_SHARE = 1 / 2;

/** The host's side of a sandbox process: starts programs in it and notices its end. */
export class EngineProcess {
  readonly #options: EngineOptions;
  readonly #child: EngineChild;
  readonly #writer: FrameWriter;
  readonly #runs = new Map<number, ProcessRun>();
  readonly #signs: SignsOfLife;
  readonly #values: SentValues;
  #programs = 0;
  readonly #tools = new SentTools((json) => this.#writer.send(Down.Tools, 0, 0, 0, json));
  /** Its program, as long as there is no other. */
  readonly lone = new LoneProgram({
    send: (kind) => this.#writer.send(kind, 0, 0, 0),
    load: () => this.load,
    whenAble: () => whenAble(this.#options),
    mayBeAlone: () => this.#options.mayBeAlone?.(this) ?? false,
    after: (ms, act) => void setTimeout(() => setImmediate(act), ms).unref(),
    onAccess: () => this.#options.onAccess?.(this),
  });
  readonly supervision: Supervision;
  #ending: { readonly cause: EndCause; readonly failure: CellFailure } | null = null;
  /** Stops the program in it that uses the most memory. */
  readonly heaviest = new HeaviestProgram({
    programs: () => [...this.#runs.keys()],
    weigh: () => this.#writer.send(Down.Weigh, 0, 0, 0),
    stop: (id, excess) => this.#runs.get(id)?.stop(heaviest(excess)),
  });
  #gone = false;
  readonly #starting = new Map<number, StartedProgram>();
  readonly #answerRoom = new AnswerRoom(() => this.#child.unreadBytes);
  /** Programs that keep the host's process alive. */
  readonly #refs = new Set<number>();
  readonly #runEffects: RunEffects;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { limits, sandboxLimits } = options;
    this.#runEffects = {
      limits: sandboxLimits,
      send: (kind, run, a = 0, b = 0, ...texts) => this.#writer.send(kind, run, a, b, ...texts),
      room: (id) => this.#answerRoom.wait(id),
      onRef: (id, isRef) => this.#ref(id, isRef),
      onOver: (id, how) => this.#over(id, how),
    };
    this.#signs = new SignsOfLife(limits);
    this.supervision = new Supervision({
      limits,
      signs: this.#signs,
      lone: this.lone,
      pid: () => this.pid,
      ping: () => this.#writer.send(Down.Ping, 0, 0, 0),
      pace: options.pace,
      tell: (id) => this.#writer.send(Down.Kill, id, 0, 0),
      end: (cause, what) => this.end(cause, this.#failure(what)),
    });
    const onMute = () => this.end('garbled', this.#failure('closed its pipe'));
    const reader = this.#readMessages();
    const onDrain = () => this.#answerRoom.drained();
    const onExit = (how: string) => this.#exited(how);
    this.#child = new EngineChild(options, { reader, onDrain, onMute, onExit });
    this.#writer = new FrameWriter((chunk) => this.#write(chunk));
    this.#values = new SentValues(this.#writer);
    const mostMiB = Math.min(limits.maxProcessBytes / (1 << 20), 2 ** 32 - 1);
    const limitsJson = JSON.stringify(sandboxLimits);
    this.#writer.send(Down.Limits, 0, Math.ceil(mostMiB), options.aloneAfter ?? 0, limitsJson);
    this.supervision.ask();
    this.#writer.flush();
    this.#child.ref(false);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get gone(): boolean {
    return this.#gone || this.#ending !== null;
  }

  /** Why it is being ended; null if it is not. */
  get cause(): EndCause | null {
    return this.#ending?.cause ?? null;
  }

  /** Programs that run or may still be running. */
  get load(): number {
    return this.#runs.size + this.#signs.stopping;
  }

  /** Whether it has reported that it accepts programs. */
  get ready(): boolean {
    return this.#signs.started;
  }

  /** Programs it was given that have not started and do not wait for others of their session. */
  get starting(): number {
    return this.#starting.size;
  }

  /** Programs started in it so far. */
  get programs(): number {
    return this.#programs;
  }

  /**
   * Whether it is given no more programs if that can be: it has run enough of them, or one was stopped
   * because of its memory. That may not be given back yet, and who comes next would be stopped for it.
   */
  get worn(): boolean {
    const { maxProgramsPerProcess } = this.#options.limits;
    return this.#programs >= maxProgramsPerProcess || this.heaviest.stopped > 0;
  }

  /** Chunks that were sent to it and that it has sent so far. */
  get traffic(): number {
    return this.#child.traffic;
  }

  knows(session: symbol): boolean {
    return this.#values.has(session);
  }

  /** Sessions that ran programs in it and that it was not told to forget. */
  get sessions(): Iterable<symbol> {
    return this.#values.sessions;
  }

  get sessionCount(): number {
    return this.#values.size;
  }

  /** Memory it uses, in bytes; 0 if that is unknown. */
  get usedBytes(): number {
    return residentBytes(this.pid);
  }

  /** Whether a program may be started in it now. */
  get access(): Access {
    return this.lone.access;
  }

  /** Starts a program, which its `access` must allow. */
  start(program: Program, calls: ProgramCalls, session: symbol): ProcessRun {
    this.#programs += 1;
    const id = this.#programs;
    const run = new ProcessRun(id, program, calls, this.#runEffects);
    this.#runs.set(id, run);
    this.lone.starts();
    this.#starting.set(id, [program, calls, session]);
    this.#ref(id, true);
    this.#tools.send(program.tools);
    const sessionId = this.#values.send(session, program.values);
    const { toolErrors, console, globals, hold } = program;
    const options = JSON.stringify({ toolErrors, console, globals, hold });
    this.#writer.send(Down.Start, id, sessionId, 0, program.source, options);
    return run;
  }

  /** Forgets a session's stored values. */
  endSession(session: symbol): void {
    this.#values.forget(session);
  }

  /** Forgets all sessions but this one. */
  dedicate(session: symbol): void {
    this.#values.forgetOthers(session);
  }

  /** Whether a program in it is being stopped or is about to be. */
  get stopping(): boolean {
    return this.#signs.stopping > 0 || this.heaviest.isSought;
  }

  /** Ends the process at once. Its programs end with this failure. */
  end(cause: EndCause, failure: CellFailure): void {
    if (this.gone) return;
    this.#ending = { cause, failure };
    this.#child.kill();
    this.#loseAll(failure, cause === 'silent' && this.ready);
  }

  /**
   * Ends the process, a turn later, so that the processor time for freeing many does not delay answers.
   *
   * @param waits Whether it keeps this process alive until it has exited.
   */
  close(waits = true): void {
    this.#child.ref(waits);
    if (this.gone) return;
    const failure = this.#failure('was ended because its sandbox was closed');
    this.#ending = { cause: 'closed', failure };
    this.#loseAll(failure);
    setImmediate(() => this.#child.kill());
  }

  /** What waits in the pipe is the host's memory, so a process that does not read is ended. */
  #write(chunk: Buffer): void {
    const unreadBytes = this.#child.write(chunk);
    const limitBytes = this.#options.limits.maxProcessBytes * UNREAD_SHARE;
    if (unreadBytes > limitBytes) this.end('silent', this.#failure('does not read its messages'));
  }

  #readMessages(): IncomingMessages {
    return new IncomingMessages({
      limits: this.#options.sandboxLimits,
      signs: this.#signs,
      heaviest: this.heaviest,
      runOf: (id) => this.#runs.get(id),
      isKnown: (id) => id <= this.#programs,
      isOver: () => this.gone,
      onReady: (lacksCode) => this.#options.onReady(this, lacksCode),
      onStarted: (id) => this.#started(id),
      onCompany: (what) => this.lone.said(what),
      onStopped: () => this.#checkIdle(),
      onInvalid: (why) => this.end('garbled', this.#failure(`sent an invalid message: ${why}`)),
    });
  }

  #started(id: number): void {
    this.#starting.delete(id);
    this.lone.started();
  }

  #over(id: number, how: Over): void {
    this.#runs.delete(id);
    this.#starting.delete(id);
    this.#answerRoom.leave(id);
    if (how !== 'ended' && !this.gone) this.supervision.kill(id, how);
    this.#ref(id, false);
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.load === 0 && !this.gone) this.#options.onIdle(this);
  }

  /** Changes nothing for a process that is being ended: `close` waits for it. */
  #ref(id: number, isRef: boolean): void {
    if (this.gone) return;
    if (isRef) this.#refs.add(id);
    else this.#refs.delete(id);
    this.#child.ref(this.#refs.size > 0);
  }

  #exited(how: string): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#loseAll(this.#ending?.failure ?? this.#explain(how));
    this.#options.onGone(this, this.#ending?.cause ?? 'crashed');
  }

  /** No program has run in a process that never got ready. */
  #failure(how: string): CellFailure {
    return this.ready ? lost(how) : notStarted(how);
  }

  #explain(how: string): CellFailure {
    const { lastWords } = this.#child;
    return this.ready ? lastWords.explain(how) : notStarted(lastWords.quote(how));
  }

  /** @param mayMove Whether programs that have not begun may run elsewhere: this process never begins them. */
  #loseAll(failure: CellFailure, mayMove = false): void {
    this.#signs.clear();
    for (const run of [...this.#runs.values()]) {
      const start = mayMove ? this.#starting.get(run.id) : undefined;
      run.lose(failure, start && this.#options.again?.(...start));
    }
  }
}
