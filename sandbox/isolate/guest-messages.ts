import { toDetail } from '../../src/events.ts';
import type { Program, ProgramCalls, ProgramEnd } from '../../src/sandbox.ts';
import type { SandboxLimits } from '../limits.ts';
import { StoredBound } from '../stored-bound.ts';
import type { GuestTimers } from './guest-timers.ts';
import { PendingMessages } from './pending-messages.ts';
import { overLimit } from './run-failures.ts';
import { ReceivedPieces } from './text-pieces.ts';
import { withToolHint } from './tool-hint.ts';

/** The run of the program whose messages these are. */
export interface MessagesOwner {
  isOver(): boolean;
  /** The program was compiled and starts. */
  begun(): void;
  /** The program has ended, with this failure if it failed. */
  ended(failure: ProgramEnd['failure']): void;
  /** The program has ended itself in the middle, and is to be stopped if it goes on. */
  exited(): void;
  /** The program leaves something behind that may run after its end. */
  lasts(): void;
  /** The program must stop. */
  finish(failure: ProgramEnd['failure']): void;
}

/** Takes and checks what a program sends to the host: the program may have broken its half of the bridge. */
export class GuestMessages {
  readonly #program: Program;
  readonly #calls: ProgramCalls;
  readonly #limits: SandboxLimits;
  readonly #timers: GuestTimers;
  readonly #owner: MessagesOwner;
  readonly #stored: StoredBound;
  readonly #pending: PendingMessages;
  /** Of the argument of a call that has not come yet. */
  readonly #pieces: ReceivedPieces;
  #exited = false;

  constructor(
    program: Program,
    calls: ProgramCalls,
    limits: SandboxLimits,
    timers: GuestTimers,
    owner: MessagesOwner,
  ) {
    this.#program = program;
    this.#calls = calls;
    this.#limits = limits;
    this.#timers = timers;
    this.#owner = owner;
    this.#stored = new StoredBound(limits);
    this.#pieces = new ReceivedPieces(limits.maxValueLength);
    this.#pending = new PendingMessages(limits, program.tools.length);
  }

  /** Whether nothing outside the program can resume it: it has no pending call, notification or timer. */
  get isAlone(): boolean {
    return this.#pending.none && this.#timers.size === 0;
  }

  /** Whether the program has ended itself: whatever it says since then is ignored. */
  get exited(): boolean {
    return this.#exited;
  }

  /** The tools of the unanswered calls, by name, in call order; none of a program that has ended itself. */
  get calledTools(): readonly string[] {
    if (this.#exited) return [];
    const { tools } = this.#program;
    return this.#pending.tools.map((index) => tools[index]?.identifier ?? '');
  }

  /** A call was answered, so another may be made. @returns The name of its tool. */
  answered(id: number): string | undefined {
    const tool = this.#pending.answered(id);
    return tool === undefined ? undefined : this.#program.tools[tool]?.identifier;
  }

  /** A notification was delivered, so another may be sent. */
  notified(): void {
    this.#pending.notified();
  }

  /** @param message See `Up`: the kind first. */
  take(message: readonly unknown[]): void {
    if (this.#owner.isOver() || this.#exited) return;
    const a = message[1];
    const b = message[2];
    switch (message[0]) {
      case 'text':
        return this.#calls.output({ type: 'input_text', text: textOf(a) });
      case 'image': {
        const detail = toDetail(b);
        return this.#calls.output({ type: 'input_image', image_url: textOf(a), detail });
      }
      case 'audio':
        return this.#calls.output({ type: 'input_audio', audio_url: textOf(a) });
      case 'yield':
        return this.#calls.yieldControl();
      case 'notify':
        return this.#notify(textOf(a));
      case 'calls':
        return this.#invokeTools(message);
      case 'piece':
        if (!this.#pieces.add(String(a))) return this.#overrun('maxValueLength');
        return;
      case 'timer':
        if (this.#timers.size >= this.#limits.maxTimers) return this.#overrun('maxTimers');
        return this.#timers.set(Number(a), Number(b));
      case 'clear':
        return this.#timers.clear(Number(a));
      case 'store':
        return this.#store(textOf(a), textOf(b));
      case 'begun':
        return this.#owner.begun();
      case 'end':
        return this.#owner.ended(a === undefined ? null : this.#failureOf(textOf(a)));
      case 'exit':
        this.#exited = true;
        return this.#owner.exited();
      case 'lasting':
        return this.#owner.lasts();
    }
  }

  #store(key: string, json: string): void {
    const limit = this.#stored.count(key, json);
    if (limit !== null) return this.#overrun(limit);
    this.#calls.store(key, json);
  }

  #notify(text: string): void {
    const limit = this.#pending.notification();
    if (limit !== null) return this.#overrun(limit);
    this.#calls.notify(text);
  }

  #invokeTools(message: readonly unknown[]): void {
    for (let at = 1; at + 2 < message.length && !this.#owner.isOver(); at += 3) {
      const id = Number(message[at]);
      const tool = Number(message[at + 1]);
      const sent = message[at + 2];
      const input = typeof sent === 'number' ? this.#pieces.take(sent) : sent;
      const limit = this.#pending.call(id, tool);
      if (limit === 'invalid' || input === null) {
        const text = 'the program sent an invalid tool call';
        return this.#owner.finish({ kind: 'sandbox_failed', text });
      }
      if (limit !== null) return this.#overrun(limit);
      this.#calls.call(id, tool, input === undefined ? undefined : textOf(input));
    }
  }

  /** The isolate's half counts too, and reports to its program. This half counts in case that one is broken. */
  #overrun(limit: keyof SandboxLimits): void {
    this.#owner.finish(overLimit(this.#limits, limit));
  }

  #failureOf(text: string): ProgramEnd['failure'] {
    const { tools, toolErrors } = this.#program;
    const identifiers = tools.map(({ identifier }) => identifier);
    const hinted = withToolHint(text, identifiers, toolErrors === 'error');
    return { kind: 'exception', text: hinted };
  }
}

function textOf(value: unknown): string {
  return String(value).toWellFormed();
}
