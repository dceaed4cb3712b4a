import type { Program, ProgramCalls, ProgramEnd, SandboxRun } from '../../src/sandbox.ts';
import type { SandboxLimits } from '../limits.ts';
import { prepareModule } from '../source/module-source.ts';
import { programScript } from '../source/program-script.ts';
import { BY_THREADS, type Doorway } from './doorway.ts';
import { EntryQueue } from './entry-queue.ts';
import { GuestMessages, type MessagesOwner } from './guest-messages.ts';
import { GuestPause } from './guest-pause.ts';
import { GuestTimers } from './guest-timers.ts';
import { Inbox } from './inbox.ts';
import type { ProgramIsolate } from './program-isolate.ts';
import { withRepairHint } from './repair-hint.ts';
import { deadlock, outOfMemory, unreadable } from './run-failures.ts';
import { RunNotes } from './run-notes.ts';
import type { Turn } from './session-turns.ts';

/** Freeing an isolate blocks this thread, so those who were told of the end go first. In milliseconds. */
const DISPOSE_MS = 2;
/** How long a program that has called `exit()` may take to come to its end before it is stopped, in milliseconds. */
const EXIT_MS = 20;

/** One program in one context of an isolate. */
export class IsolateRun implements SandboxRun {
  readonly ended: Promise<ProgramEnd>;
  /** Resolves when the run is over and no thread is inside its isolate any more. */
  readonly stopped: Promise<void>;
  readonly #stop: () => void;
  readonly #program: Program;
  readonly #notes: RunNotes;
  readonly #calls: ProgramCalls;
  readonly #limits: SandboxLimits;
  readonly #pause: GuestPause;
  readonly #entries: EntryQueue;
  readonly #inbox: Inbox;
  readonly #timers: GuestTimers;
  readonly #messages: GuestMessages;
  readonly #resolve: (end: ProgramEnd) => void;
  readonly #onOver: (left: ProgramIsolate | null) => void;
  #isolate: ProgramIsolate | null = null;
  #failure: ProgramEnd['failure'] = null;
  /** How long threads had been inside its isolate before this run got it, in milliseconds. */
  #insideBeforeMs = 0;
  #begun = false;
  /** Whether something of the program may still run in its isolate after its end. */
  #lasts = false;
  /** Whether V8 may still run something of it by itself, or stopped before the program was quiet. */
  #mayMove: 'no' | 'finalizers' | 'interrupted' = 'no';
  #programOver = false;
  #over = false;
  #holding: boolean;
  #scheduled = false;

  /**
   * @param turn When the program may run.
   * @param door How its isolate is entered.
   * @param onOver Called once, when nothing of the program runs any more: with its isolate if the
   * program ended by itself and left nothing in it that could run; null if it is disposed. @internal
   */
  constructor(
    program: Program,
    calls: ProgramCalls,
    limits: SandboxLimits,
    turn: Turn,
    onOver: (left: ProgramIsolate | null) => void,
    door: Doorway = BY_THREADS,
  ) {
    ({ promise: this.ended, resolve: this.#resolve } = Promise.withResolvers<ProgramEnd>());
    ({ promise: this.stopped, resolve: this.#stop } = Promise.withResolvers<void>());
    this.#program = program;
    this.#notes = new RunNotes(program);
    this.#calls = calls;
    this.#limits = limits;
    this.#holding = program.hold;
    this.#pause = new GuestPause(turn, door);
    this.#entries = new EntryQueue(turn, door, {
      mayBeDirect: () => !this.#lasts,
      failed: (error) => this.#failed(error),
      left: () => this.#left(),
      idle: () => this.#rest(),
    });
    this.#onOver = onOver;
    this.#inbox = new Inbox(limits.maxValueLength);
    this.#timers = new GuestTimers((id) => {
      this.#inbox.addTimer(id);
      this.#schedule();
    });
    this.#messages = new GuestMessages(program, calls, limits, this.#timers, this.#owner());
  }

  #owner(): MessagesOwner {
    return {
      isOver: () => this.#over,
      begun: () => {
        this.#begun = true;
      },
      ended: (failure) => {
        this.#programOver = true;
        if (failure !== null) this.#failure = failure;
      },
      exited: () => {
        this.#programOver = true;
        // No timer fires while this thread is inside.
        if (this.#entries.inside === 'this thread') this.#finish(null);
        else setTimeout(() => this.#finish(null), EXIT_MS).unref();
      },
      lasts: () => {
        this.#lasts = true;
        this.#mayMove = 'finalizers';
      },
      finish: (failure) => this.#finish(failure),
    };
  }

  get over(): boolean {
    return this.#over;
  }

  get resting(): boolean {
    return this.#entries.inside === 'nobody';
  }

  /** How long threads have been inside its isolate for it, in milliseconds. Never blocks. */
  get insideMs(): number {
    return Math.max(0, (this.#isolate?.insideMs ?? 0) - this.#insideBeforeMs);
  }

  /** See `ProgramIsolate.usedBytes`; 0 if there is no isolate. Never rejects. */
  async usedBytes(): Promise<number> {
    return (await this.#isolate?.usedBytes().catch(() => 0)) ?? 0;
  }

  /** Starts the program in this isolate, which it owns from now on. @internal */
  start(isolate: ProgramIsolate): void {
    if (this.#over) return isolate.dispose();
    this.#isolate = isolate;
    this.#insideBeforeMs = isolate.insideMs;
    const prepared = prepareModule(this.#program.source, isolate.checkSyntax);
    this.#calls.started();
    if (this.#over) return;
    if (!prepared.ok) return this.#finish(prepared.failure);
    const context = isolate.contextWith(this.#program.globals);
    context.wiring.receive = (message) => this.#messages.take(message);
    context.wiring.pause = this.#pause;
    context.wiring.fetch = (key) => this.#program.values.get(String(key)) ?? 'null';
    this.#entries.enter((direct) =>
      context.run(programScript(this.#program, prepared, direct), direct),
    );
  }

  /** Ends a program that could not be started. */
  fail(text: string): void {
    if (!this.#over) this.#finish({ kind: 'sandbox_failed', text });
  }

  hold(): void {
    if (this.#over || this.#holding) return;
    this.#holding = true;
    if (this.#isolate !== null && this.#entries.idle) this.#rest();
  }

  release(): void {
    this.#holding = false;
    this.step();
  }

  room(): null {
    return null;
  }

  answer(id: number, ok: boolean, text: Parameters<SandboxRun['answer']>[2]): void {
    if (this.#over) return;
    const tool = this.#messages.answered(id);
    if (!ok && tool !== undefined) this.#notes.failed(tool, String(text));
    this.#inbox.addAnswer(id, ok, text);
    this.#schedule();
  }

  notified(): void {
    if (this.#over) return;
    this.#messages.notified();
    this.#inbox.addSettledNotification();
    if (!this.#holding) this.#checkDeadlock();
  }

  pause(): void {
    if (!this.#over) this.#pause.begin();
  }

  unpause(): void {
    this.#pause.end();
  }

  /** Threads inside keep their process alive. */
  ref(): void {}
  unref(): void {}

  step(): void {
    this.#entries.release();
    if (!this.#inbox.empty) this.#schedule();
    else this.#checkDeadlock();
  }

  kill(): void {
    this.#stopAll(null);
  }

  /** @param left Its isolate, if another program may run in it. */
  #stopAll(left: ProgramIsolate | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#timers.clearAll();
    this.#inbox.clear();
    this.#entries.close();
    this.unpause();
    if (this.resting) this.#stop();
    this.#disposeAfter((dispose) => void setImmediate(dispose));
    this.#onOver(left);
  }

  /** Its isolate, if the program ended by itself and left nothing in it that could run. */
  #handBack(): ProgramIsolate | null {
    const isolate = this.#isolate;
    if (isolate === null || isolate.disposed) return null;
    if ((this.#begun && !this.#programOver) || this.#lasts || !this.resting) return null;
    this.#isolate = null;
    return isolate;
  }

  /** Freeing isolates takes time, so all that are killed together are cut off first. */
  #disposeAfter(wait: (dispose: () => void) => void): void {
    const isolate = this.#isolate;
    if (isolate === null) return;
    this.#isolate = null;
    isolate.context.cutOff();
    // Nothing else stops a program in which this thread is.
    if (this.#entries.inside === 'this thread') isolate.dispose();
    else wait(() => isolate.dispose());
  }

  /** An entry has failed. */
  #failed(error: unknown): void {
    if (this.#over) return;
    // To describe an error, V8 may have run getters of the program after its microtasks. Whatever
    // they started would run in the next entry.
    this.#lasts = true;
    if (this.#mayMove === 'no') this.#mayMove = 'interrupted';
    if (this.#isolate?.disposed) this.#finish(outOfMemory(this.#limits));
    else if (!this.#begun) this.#finish(unreadable(error));
    else if (!this.#messages.exited) this.#notes.rejected(error);
  }

  /** An entry is over. */
  #left(): void {
    if (this.#over) return this.#stop();
    if (this.#programOver) this.#finish(this.#failure);
    else if (!this.#inbox.empty) this.#schedule();
  }

  /** The program is quiet. */
  #rest(): void {
    if (this.#over || !this.#inbox.empty) return;
    if (!this.#holding) return this.#checkDeadlock();
    this.#entries.hold();
    this.#calls.frontier();
  }

  /** Ends the program if it is quiet and nothing can ever resume it. */
  #checkDeadlock(): void {
    const isQuiet = this.#begun && !this.#over && this.#entries.idle && this.#inbox.empty;
    if (!isQuiet || this.#program.toolErrors === 'string' || !this.#messages.isAlone) return;
    switch (this.#mayMove) {
      case 'no':
        return this.#finish(deadlock());
      case 'interrupted':
        this.#mayMove = 'no';
        return this.#schedule();
      case 'finalizers':
    }
  }

  /** Delivers what is waiting by then. With nothing waiting, V8 still runs the program's remaining jobs. */
  #schedule(): void {
    if (this.#scheduled || this.#over) return;
    this.#scheduled = true;
    this.#entries.enter((direct) => {
      this.#scheduled = false;
      return this.#isolate?.context.deliver(this.#inbox.take(direct));
    });
  }

  #finish(failure: ProgramEnd['failure']): void {
    const left = this.#handBack();
    if (this.#programOver) this.#disposeAfter((dispose) => void setTimeout(dispose, DISPOSE_MS));
    this.#stopAll(left);
    const notes = this.#notes.atEnd(this.#programOver ? this.#messages.calledTools : []);
    this.#resolve({ failure: withRepairHint(failure, this.#program), notes });
  }
}
