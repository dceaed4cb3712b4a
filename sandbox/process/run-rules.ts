import type { Program } from '../../src/sandbox.ts';
import type { SandboxLimits } from '../limits.ts';
import { StoredBound } from '../stored-bound.ts';
import type { RunMessage, Write } from './up-message.ts';

/**
 * What a sandbox process may send about one program at the moment.
 *
 * Takes what either side sends, in the order in which the host sends and receives it. An honest
 * process never breaks these rules: it enforces the same limits.
 */
export class RunRules {
  readonly #limits: SandboxLimits;
  readonly #toolCount: number;
  readonly #stored: StoredBound;
  #hasStarted = false;
  #isWaiting = false;
  #lastCall = 0;
  #pendingCalls = 0;
  #pendingNotifications = 0;
  #isHeld: boolean;
  /** How many frontiers may still be reported: one for each time the program was held. */
  #frontiers: number;

  constructor({ tools, hold }: Pick<Program, 'tools' | 'hold'>, limits: SandboxLimits) {
    this.#limits = limits;
    this.#toolCount = tools.length;
    this.#stored = new StoredBound(limits);
    this.#isHeld = hold;
    this.#frontiers = hold ? 1 : 0;
  }

  held(): void {
    if (!this.#isHeld) this.#frontiers += 1;
    this.#isHeld = true;
  }

  /** A frontier that is already on its way may still arrive. */
  released(): void {
    this.#isHeld = false;
  }

  stepped(): void {
    if (this.#isHeld) this.#frontiers += 1;
  }

  answered(): void {
    this.#pendingCalls -= 1;
  }

  notified(): void {
    this.#pendingNotifications -= 1;
  }

  /**
   * Takes a message of the process into account.
   *
   * @throws Error if the process must not send it now.
   */
  take(message: RunMessage): void {
    if (message.type === 'waits' || message.type === 'proceeds') return this.#turn(message.type);
    const isFirst = !this.#hasStarted;
    this.#hasStarted = true;
    if (isFirst && message.type !== 'started' && !isFailedStart(message)) {
      refuse('the program has not started');
    }
    switch (message.type) {
      case 'started':
        return isFirst ? undefined : refuse('the program started before');
      case 'call':
        return this.#call(message);
      case 'notify':
        this.#pendingNotifications += 1;
        return this.#keep('maxPendingNotifications', this.#pendingNotifications);
      case 'frontier':
        this.#frontiers -= 1;
        return this.#frontiers < 0 ? refuse('the program is not held') : undefined;
      case 'writes':
        return this.#store(message.writes);
      case 'output':
      case 'yield':
      case 'end':
    }
  }

  /** The two must alternate. */
  #turn(type: 'waits' | 'proceeds'): void {
    const isWaiting = type === 'waits';
    if (isWaiting === this.#isWaiting) refuse(`the program ${type} already`);
    this.#isWaiting = isWaiting;
  }

  /** Ids must rise, so that none is used twice. */
  #call({ id, tool }: Extract<RunMessage, { type: 'call' }>): void {
    if (id <= this.#lastCall) refuse(`call ${id} came after call ${this.#lastCall}`);
    if (tool >= this.#toolCount) refuse(`there is no tool number ${tool}`);
    this.#lastCall = id;
    this.#pendingCalls += 1;
    this.#keep('maxPendingCalls', this.#pendingCalls);
  }

  #store(writes: readonly Write[]): void {
    for (const [key, json] of writes) {
      const limit = this.#stored.count(key, json);
      if (limit !== null) refuse(`the program is over its limit ${limit}`);
    }
  }

  #keep(limit: 'maxPendingCalls' | 'maxPendingNotifications', value: number): void {
    if (value > this.#limits[limit]) refuse(`the program is over its limit ${limit}`);
  }
}

/** A program that could not be started has only an end. */
function isFailedStart(message: RunMessage): boolean {
  return message.type === 'end' && message.end.failure?.kind === 'sandbox_failed';
}

function refuse(why: string): never {
  throw new Error(`Cannot accept the message: ${why}`);
}
