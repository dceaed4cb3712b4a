import { setTimeout } from 'node:timers/promises';
import type { Delegate } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';

/** How a callback reacts to its cancellation. */
export interface Manner {
  readonly name: string;
  /** Whether it is still running at the deadline and is then abandoned. */
  readonly abandoned: 'never' | 'always' | 'perhaps';
  /** How long it takes to return after its cancellation, in milliseconds; an earlier end is an error. */
  readonly takesMs: number;
  /** @param signal Has aborted. @param afterwards Resolves when the bench has its answer. */
  cancelled(signal: AbortSignal, afterwards: Promise<void>): Promise<void>;
}

/** Returns in the tick in which it is cancelled. */
export const cooperative: Manner = {
  name: 'cooperative',
  abandoned: 'never',
  takesMs: 0,
  cancelled: async () => {},
};

/** Fails in the tick in which it is cancelled. */
export const throwing: Manner = {
  name: 'throws when cancelled',
  abandoned: 'never',
  takesMs: 0,
  cancelled: async () => {
    throw new CodeModeError('invalid_argument', 'Thrown by a bench');
  },
};

/** Does not return while the bench measures. */
export const stubborn: Manner = {
  name: 'stubborn',
  abandoned: 'always',
  takesMs: 100,
  cancelled: (_signal, afterwards) => afterwards,
};

/**
 * Returns some time after its cancellation, before the deadline. With little room it can miss the
 * deadline: cancelling a thousand takes time, and timers count whole milliseconds.
 */
export function slow(takesMs: number): Manner {
  return {
    name: `${takesMs} ms to notice`,
    abandoned: takesMs <= 50 ? 'never' : 'perhaps',
    takesMs,
    cancelled: () => setTimeout(takesMs),
  };
}

/** A delegate whose callbacks all wait for their cancellation and react to it in the same manner. */
export class Crowd implements Delegate {
  readonly #manner: Manner;
  readonly #complete = Promise.withResolvers<void>();
  readonly #afterwards = Promise.withResolvers<void>();
  #missing: number;

  /** @param size How many callbacks make it complete. */
  constructor(manner: Manner, size: number) {
    this.#manner = manner;
    this.#missing = size;
    if (size === 0) this.#complete.resolve();
  }

  /** Resolves when all callbacks run. */
  complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** Lets stubborn callbacks return at last. */
  disperse(): void {
    this.#afterwards.resolve();
  }

  invokeTool(_call: unknown, signal: AbortSignal): Promise<void> {
    return this.#join(signal);
  }

  notify(_notification: unknown, signal: AbortSignal): Promise<void> {
    return this.#join(signal);
  }

  #join(signal: AbortSignal): Promise<void> {
    this.#missing -= 1;
    if (this.#missing === 0) this.#complete.resolve();
    return new Promise((resolve) => {
      const onAbort = () => resolve(this.#manner.cancelled(signal, this.#afterwards.promise));
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
