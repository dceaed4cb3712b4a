import type { SandboxLimits } from '../limits.ts';

/** Ids of calls have 32 bits on the way to a host. */
const MAX_CALLS = 2 ** 32;

/** The unanswered calls and notifications of a program. */
export class PendingMessages {
  readonly #limits: SandboxLimits;
  readonly #toolCount: number;
  #lastCall = 0;
  /** The tool of each call, by id. */
  readonly #calls = new Map<number, number>();
  #notifications = 0;

  /** @param toolCount How many tools the program has. */
  constructor(limits: SandboxLimits, toolCount: number) {
    this.#limits = limits;
    this.#toolCount = toolCount;
  }

  /** Whether no call and no notification is pending. */
  get none(): boolean {
    return this.#calls.size === 0 && this.#notifications === 0;
  }

  /** The tools of the pending calls, by index, in call order. */
  get tools(): readonly number[] {
    return [...this.#calls.values()];
  }

  /** Adds a call. @returns The limit that it exceeds; `invalid` if no intact bridge sends such a call. */
  call(id: number, tool: number): 'maxPendingCalls' | 'invalid' | null {
    if (this.#calls.size >= this.#limits.maxPendingCalls) return 'maxPendingCalls';
    const isNew = Number.isInteger(id) && id > this.#lastCall && id < MAX_CALLS;
    const isTool = Number.isInteger(tool) && tool >= 0 && tool < this.#toolCount;
    if (!isNew || !isTool) return 'invalid';
    this.#lastCall = id;
    this.#calls.set(id, tool);
    return null;
  }

  /** @returns The tool of the call, by index; undefined if no such call is pending. */
  answered(id: number): number | undefined {
    const tool = this.#calls.get(id);
    this.#calls.delete(id);
    return tool;
  }

  /** Counts a notification. @returns The limit that it exceeds. */
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
