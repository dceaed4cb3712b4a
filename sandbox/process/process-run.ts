import { type CellFailure, type FailureKind, toDetail } from '../../src/events.ts';
import type { ProgramCalls, ProgramEnd, SandboxRun } from '../../src/sandbox.ts';
import type { SandboxLimits } from '../limits.ts';
import { StoredBound } from '../stored-bound.ts';
import type { Frame } from './frames.ts';
import { Down, Up } from './message-kinds.ts';

/** Sends a frame to the process of a run. */
export type SendDown = (kind: number, run: number, a?: number, b?: number, text?: string) => void;

/** What a run is made of. */
export interface ProcessRunParts {
  readonly id: number;
  readonly calls: ProgramCalls;
  readonly limits: SandboxLimits;
  readonly send: SendDown;
  /** Called once; `killed` where the process still has to stop the program. */
  readonly onOver: (killed: boolean) => void;
}

/**
 * One program in a sandbox process, from the host's side.
 *
 * The process holds the program to its limits. They are counted here too, in case the program has
 * taken over the process: an honest one never passes them.
 */
export class ProcessRun implements SandboxRun {
  readonly ended: Promise<ProgramEnd>;
  readonly id: number;
  readonly #calls: ProgramCalls;
  readonly #send: SendDown;
  readonly #onOver: (killed: boolean) => void;
  readonly #limits: SandboxLimits;
  readonly #stored: StoredBound;
  readonly #resolve: (end: ProgramEnd) => void;
  #over = false;
  /** Id of the tool call that came last. */
  #lastCall = 0;
  #pendingCalls = 0;
  #pendingNotifications = 0;

  constructor({ id, calls, limits, send, onOver }: ProcessRunParts) {
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
    this.ended = promise;
    this.id = id;
    this.#resolve = resolve;
    this.#calls = calls;
    this.#send = send;
    this.#onOver = onOver;
    this.#limits = limits;
    this.#stored = new StoredBound(limits);
  }

  hold(): void {
    if (!this.#over) this.#send(Down.Hold, this.id);
  }

  release(): void {
    if (!this.#over) this.#send(Down.Release, this.id);
  }

  step(): void {
    if (!this.#over) this.#send(Down.Step, this.id);
  }

  answer(id: number, ok: boolean, text: string): void {
    if (this.#over) return;
    this.#pendingCalls -= 1;
    this.#send(Down.Answer, this.id, id, ok ? 1 : 0, text);
  }

  notified(): void {
    if (this.#over) return;
    this.#pendingNotifications -= 1;
    this.#send(Down.Notified, this.id);
  }

  pause(): void {
    if (!this.#over) this.#send(Down.Pause, this.id);
  }

  unpause(): void {
    if (!this.#over) this.#send(Down.Unpause, this.id);
  }

  kill(): void {
    if (this.#over) return;
    this.#over = true;
    this.#send(Down.Kill, this.id);
    this.#onOver(true);
  }

  /** Kills the program, and ends the run with this failure. */
  stop(failure: CellFailure): void {
    if (this.#over) return;
    this.kill();
    this.#resolve({ failure, notes: [] });
  }

  /** Ends the run because its process is gone. */
  lose(failure: CellFailure): void {
    if (this.#over) return;
    this.#over = true;
    this.#onOver(false);
    this.#resolve({ failure, notes: [] });
  }

  /**
   * Takes what the process tells of this program.
   *
   * @throws Error for what no honest process sends.
   */
  receive({ kind, a, b, texts }: Frame): void {
    if (this.#over) return;
    const text = texts[0] ?? '';
    switch (kind) {
      case Up.Started:
        return this.#calls.started();
      case Up.Text:
        return this.#calls.output({ type: 'input_text', text });
      case Up.Image: {
        const detail = toDetail(texts[1]);
        return this.#calls.output({ type: 'input_image', image_url: text, detail });
      }
      case Up.Audio:
        return this.#calls.output({ type: 'input_audio', audio_url: text });
      case Up.Yield:
        return this.#calls.yieldControl();
      case Up.Call:
        return this.#call(a, b, texts[0]);
      case Up.Notify:
        return this.#notify(text);
      case Up.Frontier:
        return this.#calls.frontier();
      case Up.Writes:
        for (let at = 0; at + 1 < texts.length; at += 2) this.#store(texts[at], texts[at + 1]);
        return;
      case Up.End:
        return this.#end(text);
    }
    throw new Error(`Cannot read a message: there is no kind ${kind}`);
  }

  #store(key: string | undefined, json: string | undefined): void {
    if (key === undefined || json === undefined) {
      throw new Error('Cannot read a message: a stored value is none');
    }
    const limit = this.#stored.count(key, json);
    if (limit !== null) this.#refuse(limit);
    this.#calls.store(key, json);
  }

  /** Ids rise, so that none is used twice. */
  #call(id: number, tool: number, inputJson: string | undefined): void {
    if (id <= this.#lastCall) {
      throw new Error(`Cannot read a message: call ${id} came after call ${this.#lastCall}`);
    }
    if (this.#pendingCalls >= this.#limits.maxPendingCalls) this.#refuse('maxPendingCalls');
    this.#lastCall = id;
    this.#pendingCalls += 1;
    this.#calls.call(id, tool, inputJson);
  }

  #notify(text: string): void {
    if (this.#pendingNotifications >= this.#limits.maxPendingNotifications) {
      this.#refuse('maxPendingNotifications');
    }
    this.#pendingNotifications += 1;
    this.#calls.notify(text);
  }

  #refuse(limit: keyof SandboxLimits): never {
    const { id } = this;
    throw new Error(`Cannot take a message: program ${id} is over its limit ${limit}`);
  }

  #end(text: string): void {
    const { failure, notes } = readEnd(text);
    this.#over = true;
    this.#onOver(false);
    this.#resolve({ failure, notes });
  }
}

const FAILURE_KINDS: readonly unknown[] = [
  'syntax',
  'exception',
  'limit',
  'memory',
  'lost',
] satisfies readonly FailureKind[];

/** @throws Error for what is no end of a program. */
function readEnd(text: string): ProgramEnd {
  const { failure, notes } = (JSON.parse(text) ?? {}) as Partial<ProgramEnd>;
  const fair =
    failure === null ||
    (FAILURE_KINDS.includes(failure?.kind) && typeof failure?.text === 'string');
  if (fair && Array.isArray(notes) && notes.every((note) => typeof note === 'string')) {
    return { failure: failure ?? null, notes };
  }
  throw new Error('Cannot read a message: the end of a program is none');
}
