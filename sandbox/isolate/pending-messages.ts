import type { SandboxLimits } from '../limits.ts';

/** Ids of calls are 32 bits on their way to a host. */
const MAX_CALLS = 2 ** 32;

/** Counts the calls and notifications of a program that wait for an answer. */
export class PendingMessages {
  readonly #limits: SandboxLimits;
  readonly #tools: number;
  #lastCall = 0;
  #calls = 0;
  #notifications = 0;

  /** @param tools How many tools the program has. */
  constructor(limits: SandboxLimits, tools: number) {
    this.#limits = limits;
    this.#tools = tools;
  }

  /** Counts a call. @returns The limit that it goes over; `invalid` where no honest program makes it. */
  call(id: number, tool: number): 'maxPendingCalls' | 'invalid' | null {
    if (this.#calls >= this.#limits.maxPendingCalls) return 'maxPendingCalls';
    const isNew = Number.isInteger(id) && id > this.#lastCall && id < MAX_CALLS;
    const isTool = Number.isInteger(tool) && tool >= 0 && tool < this.#tools;
    if (!isNew || !isTool) return 'invalid';
    this.#lastCall = id;
    this.#calls += 1;
    return null;
  }

  answered(): void {
    this.#calls -= 1;
  }

  /** Counts a notification. @returns The limit that it goes over. */
  notification(): 'maxPendingNotifications' | null {
    if (this.#notifications >= this.#limits.maxPendingNotifications)
      return 'maxPendingNotifications';
    this.#notifications += 1;
    return null;
  }

  notified(): void {
    this.#notifications -= 1;
  }
}
