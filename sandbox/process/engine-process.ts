import type { CellFailure } from '../../src/events.ts';
import type { Program, ProgramCalls, ProgramTool } from '../../src/sandbox.ts';
import type { SandboxLimits } from '../limits.ts';
import { AnswerRoom } from './answer-room.ts';
import { type EndCause, type Excess, heaviest, lost, notStarted, tooLarge } from './end-cause.ts';
import { EngineChild, type Spawn } from './engine-child.ts';
import { FrameWriter } from './frames.ts';
import { HeaviestProgram } from './heaviest-program.ts';
import { IncomingMessages } from './incoming-messages.ts';
import type { ProcessLimits } from './limits.ts';
import { Down } from './message-kinds.ts';
import { ProcessRun, type SendDown } from './process-run.ts';
import { residentBytes } from './resident-bytes.ts';
import { SentValues } from './sent-values.ts';
import { SignsOfLife } from './signs-of-life.ts';

/** Share of `maxProcessBytes` that may wait in the pipe. More would not fit into the process if it read it. */
const UNREAD_SHARE = 1 / 2;

/** How an engine process is started. */
export interface EngineOptions {
  readonly nodePath: string;
  /** See `ChildStart`. Default: none. */
  readonly launch?: readonly string[];
  readonly sandboxLimits: SandboxLimits;
  readonly limits: ProcessLimits;
  /** Default: `spawn` of Node.js. */
  readonly spawn?: Spawn;
  /** Called once, when the process has exited or could not be started. Never called synchronously. */
  readonly onGone: (engine: EngineProcess, cause: EndCause) => void;
  /** Called once, when it accepts programs. */
  readonly onReady: (engine: EngineProcess) => void;
  /** Called when nothing runs in it any more. */
  readonly onIdle: (engine: EngineProcess) => void;
}

/** The host's side of a sandbox process: starts programs in it and notices its end. */
export class EngineProcess {
  readonly #options: EngineOptions;
  readonly #child: EngineChild;
  readonly #writer: FrameWriter;
  readonly #runs = new Map<number, ProcessRun>();
  readonly #signs: SignsOfLife;
  readonly #values: SentValues;
  #programs = 0;
  #toolsJson = '[]';
  #toolsSent: readonly ProgramTool[] | null = null;
  #ending: { readonly cause: EndCause; readonly failure: CellFailure } | null = null;
  readonly #heaviest = new HeaviestProgram({
    programs: () => [...this.#runs.keys()],
    weigh: () => this.#writer.send(Down.Weigh, 0, 0, 0),
    stop: (id, excess) => this.#runs.get(id)?.stop(heaviest(excess)),
  });
  #gone = false;
  readonly #starting = new Set<number>();
  readonly #answerRoom = new AnswerRoom(() => this.#child.unreadBytes);
  /** Programs that keep the host's process alive. */
  readonly #refs = new Set<number>();

  constructor(options: EngineOptions) {
    this.#options = options;
    const { nodePath, launch = [], limits, sandboxLimits, spawn } = options;
    this.#signs = new SignsOfLife(limits);
    const onMute = () => this.end('garbled', this.#failure('closed its pipe'));
    const messages = this.#readMessages();
    const onBytes = (chunk: Buffer) => messages.push(chunk);
    const onDrain = () => this.#answerRoom.drained();
    const onExit = (how: string) => this.#exited(how);
    const events = { onBytes, onDrain, onMute, onExit };
    this.#child = new EngineChild({ nodePath, launch, spawn }, events);
    this.#writer = new FrameWriter((chunk) => this.#write(chunk));
    this.#values = new SentValues(this.#writer);
    const mostMiB = Math.min(limits.maxProcessBytes / (1 << 20), 2 ** 32 - 1);
    this.#writer.send(Down.Limits, 0, Math.ceil(mostMiB), 0, JSON.stringify(sandboxLimits));
    this.ask();
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

  /** Asks for a sign of life. */
  ask(): void {
    this.#signs.asked();
    this.#writer.send(Down.Ping, 0, 0, 0);
  }

  /** Counts time, in milliseconds, in which it could have been heard. Ends it if it is silent or stuck. */
  pass(listenedMs: number): void {
    const late = this.#signs.pass(listenedMs);
    if (late === 'stuck') this.end(late, lost('was ended because a program in it did not stop'));
    if (late !== 'silent') return;
    const { hangMs, startMs } = this.#options.limits;
    const hangs = `gave no sign of life for ${hangMs} ms (hangMs)`;
    this.end(late, this.#failure(this.ready ? hangs : `did not start in ${startMs} ms (startMs)`));
  }

  start(program: Program, calls: ProgramCalls, session: symbol): ProcessRun {
    this.#programs += 1;
    const id = this.#programs;
    const send: SendDown = (kind, run, a = 0, b = 0, ...texts) =>
      this.#writer.send(kind, run, a, b, ...texts);
    const room = () => this.#answerRoom.wait(id);
    const onRef = (isRef: boolean) => this.#ref(id, isRef);
    const onOver = (killed: boolean) => this.#over(id, killed);
    const limits = this.#options.sandboxLimits;
    const run = new ProcessRun({ id, program, calls, limits, send, room, onRef, onOver });
    this.#runs.set(id, run);
    this.#starting.add(id);
    this.#ref(id, true);
    this.#sendTools(program.tools);
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

  /** How many programs were stopped because they used the most memory. */
  get stopped(): number {
    return this.#heaviest.stopped;
  }

  /** Stops the program that uses the most memory, as soon as it is known which one that is. */
  stopHeaviest(excess: Excess): void {
    this.#heaviest.seek(excess);
  }

  /** Whether a program in it is being stopped or is about to be. */
  get stopping(): boolean {
    return this.#signs.stopping > 0 || this.#heaviest.isSought;
  }

  /** Calls off stopping a program because of this limit: memory went down by itself. */
  spare(limit: Excess['limit']): void {
    this.#heaviest.spare(limit);
  }

  /** Ends the process because of memory. */
  endLarge(excess: Excess): void {
    this.end('memory', tooLarge(excess));
  }

  /** Ends the process at once. Its programs end with this failure. */
  end(cause: EndCause, failure: CellFailure): void {
    if (this.gone) return;
    this.#ending = { cause, failure };
    this.#child.kill();
    this.#loseAll(failure);
  }

  /**
   * Ends the process, a turn later, so that the processor time for freeing many does not delay answers.
   *
   * @param waits Whether it keeps this process alive until it has exited.
   */
  close(waits = true): void {
    if (waits) this.#child.refExit(true);
    else this.#child.ref(false);
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
      heaviest: this.#heaviest,
      runOf: (id) => this.#runs.get(id),
      isKnown: (id) => id <= this.#programs,
      isOver: () => this.gone,
      onReady: () => this.#options.onReady(this),
      onStarted: (id) => this.#starting.delete(id),
      onStopped: () => this.#checkIdle(),
      onInvalid: (why) => this.end('garbled', this.#failure(`sent an invalid message: ${why}`)),
    });
  }

  #over(id: number, killed: boolean): void {
    this.#runs.delete(id);
    this.#starting.delete(id);
    this.#answerRoom.leave(id);
    if (killed && !this.gone) this.#signs.killed(id);
    this.#ref(id, false);
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.load > 0 || this.gone) return;
    this.#options.onIdle(this);
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

  #loseAll(failure: CellFailure): void {
    this.#signs.clear();
    for (const run of [...this.#runs.values()]) run.lose(failure);
  }

  #sendTools(tools: readonly ProgramTool[]): void {
    if (tools === this.#toolsSent) return;
    this.#toolsSent = tools;
    const json = JSON.stringify(tools);
    if (json === this.#toolsJson) return;
    this.#toolsJson = json;
    this.#writer.send(Down.Tools, 0, 0, 0, json);
  }
}
