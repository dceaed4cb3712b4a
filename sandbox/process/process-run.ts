import type { JsonText } from '../../src/delegate.ts';
import { ErrorText } from '../../src/errors.ts';
import type { CellFailure } from '../../src/events.ts';
import type { Program, ProgramCalls, ProgramEnd, SandboxRun } from '../../src/sandbox.ts';
import type { SandboxLimits } from '../limits.ts';
import type { SentText } from './frames.ts';
import { Down } from './message-kinds.ts';
import { RunRules } from './run-rules.ts';
import type { RunMessage } from './up-message.ts';
import type { Order } from './waiting-run.ts';

/** Sends a frame to the process of a run. */
export type SendDown = (
  kind: number,
  run: number,
  a?: number,
  b?: number,
  ...texts: SentText[]
) => void;

/** How a run came to its end: by itself or its process, or because its host ended it, at once if need be. */
export type Over = 'ended' | 'killed' | 'stopped';

/** What the runs of one process have in common. */
export interface RunEffects {
  readonly limits: SandboxLimits;
  readonly send: SendDown;
  /** See `AnswerRoom.wait`. */
  readonly room: (id: number) => Promise<boolean> | null;
  /** Called with whether the run keeps this process alive. */
  readonly onRef: (id: number, isRef: boolean) => void;
  /** Called once; `killed` if the process still has to stop the program. */
  readonly onOver: (id: number, how: Over) => void;
}

/**
 * The host's side of one program in a sandbox process.
 *
 * The process enforces the program's limits. `RunRules` enforces them again, in case the program has
 * taken over the process.
 */
export class ProcessRun implements SandboxRun {
  readonly ended: Promise<ProgramEnd>;
  readonly id: number;
  readonly #calls: ProgramCalls;
  readonly #effects: RunEffects;
  readonly #rules: RunRules;
  readonly #resolve: (end: ProgramEnd | Promise<ProgramEnd>) => void;
  /** What it was told before the program has begun: null from then on. */
  #early: Order[] | null = [];
  #successor: SandboxRun | null = null;
  #over = false;

  constructor(
    id: number,
    program: Pick<Program, 'tools' | 'hold'>,
    calls: ProgramCalls,
    effects: RunEffects,
  ) {
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
    this.ended = promise;
    this.id = id;
    this.#resolve = resolve;
    this.#calls = calls;
    this.#effects = effects;
    this.#rules = new RunRules(program, effects.limits);
  }

  hold(): void {
    if (this.#isPast('hold')) return;
    this.#rules.held();
    this.#effects.send(Down.Hold, this.id);
  }

  release(): void {
    if (this.#isPast('release')) return;
    this.#rules.released();
    this.#effects.send(Down.Release, this.id);
  }

  step(): void {
    if (this.#isPast('step')) return;
    this.#rules.stepped();
    this.#effects.send(Down.Step, this.id);
  }

  room(): Promise<boolean> | null {
    return this.#over ? (this.#successor?.room() ?? null) : this.#effects.room(this.id);
  }

  answer(id: number, ok: boolean, text: string | JsonText | ErrorText): void {
    if (this.#over) return this.#successor?.answer(id, ok, text);
    this.#rules.answered();
    if (text instanceof ErrorText) {
      return this.#effects.send(Down.Answer, this.id, id, text.isJson ? 2 : 0, text.bytes);
    }
    const json = typeof text === 'string' ? text : text.json;
    this.#effects.send(Down.Answer, this.id, id, ok ? 1 : 0, json);
  }

  notified(): void {
    if (this.#over) return this.#successor?.notified();
    this.#rules.notified();
    this.#effects.send(Down.Notified, this.id);
  }

  pause(): void {
    if (this.#over) this.#successor?.pause();
    else this.#effects.send(Down.Pause, this.id);
  }

  unpause(): void {
    if (this.#over) this.#successor?.unpause();
    else this.#effects.send(Down.Unpause, this.id);
  }

  ref(): void {
    if (!this.#isPast('ref')) this.#effects.onRef(this.id, true);
  }

  unref(): void {
    if (!this.#isPast('unref')) this.#effects.onRef(this.id, false);
  }

  kill(): void {
    this.#successor?.kill();
    this.#leave('killed');
  }

  /** Kills the program, and ends the run with this failure. */
  stop(failure: CellFailure): void {
    if (this.#over) return;
    this.#leave('stopped');
    this.#resolve({ failure, notes: [] });
  }

  /**
   * Ends the run because its process is gone.
   *
   * @param successor The run that takes over from here, if the program had not begun.
   */
  lose(failure: CellFailure, successor: SandboxRun | null = null): void {
    if (this.#over) return;
    this.#leave('ended');
    this.#successor = successor;
    for (const order of this.#early ?? []) successor?.[order]();
    this.#resolve(successor?.ended ?? { failure, notes: [] });
  }

  /**
   * Takes a message of the process about this program.
   *
   * @throws Error if an honest process would not send it now.
   */
  receive(message: RunMessage): void {
    this.#rules.take(message);
    this.#early = null;
    const calls = this.#calls;
    switch (message.type) {
      case 'started':
        return calls.started();
      case 'waits':
        return calls.waits(true);
      case 'proceeds':
        return calls.waits(false);
      case 'output':
        return calls.output(message.item);
      case 'yield':
        return calls.yieldControl();
      case 'call':
        return calls.call(message.id, message.tool, message.inputJson);
      case 'notify':
        return calls.notify(message.text);
      case 'frontier':
        return calls.frontier();
      case 'writes':
        for (const [key, json] of message.writes) calls.store(key, json);
        return;
      case 'end':
        return this.#end(message.end);
    }
  }

  /** Notes an order to a program that has not begun. @returns Whether the run is over: then its successor got it. */
  #isPast(order: Order): boolean {
    if (this.#over) this.#successor?.[order]();
    else this.#early?.push(order);
    return this.#over;
  }

  #end(end: ProgramEnd): void {
    this.#leave('ended');
    this.#resolve(end);
  }

  #leave(how: Over): void {
    if (this.#over) return;
    this.#over = true;
    this.#effects.onOver(this.id, how);
  }
}
