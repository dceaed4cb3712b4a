import { setTimeout } from 'node:timers/promises';
import type { Tool, ToolInput } from './peer.ts';

export const PAUSE_MS = 50;

/** Returns its argument at once. */
export const echo: Tool = { kind: 'echo', run: async (input) => input };

/** Never returns, and ignores signals. */
export const never: Tool = { kind: 'never', run: () => new Promise(() => {}) };

/** Returns its argument after 50 ms. */
export const pause: Tool = { kind: 'pause', run: (input) => setTimeout(PAUSE_MS, input) };

/** How a counting tool reacts to its cancellation. */
export type Manner = 'answers' | 'cooperative' | 'stubborn';

/** A tool that reports when its calls have arrived, and how many were cancelled. */
export class CountingTool implements Tool {
  readonly kind = 'other';
  readonly #manner: Manner;
  readonly #complete = Promise.withResolvers<void>();
  #missing: number;
  #told = 0;

  /** @param size How many calls make it complete. */
  constructor(manner: Manner, size: number) {
    this.#manner = manner;
    this.#missing = size;
  }

  /** Resolves when all calls have arrived. */
  complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** How many of its calls were cancelled. */
  get told(): number {
    return this.#told;
  }

  run(input: ToolInput, signal: AbortSignal | null): Promise<unknown> {
    this.#missing -= 1;
    if (this.#missing === 0) this.#complete.resolve();
    if (this.#manner === 'answers') return Promise.resolve(input);
    return new Promise((resolve) => {
      const cancelled = () => {
        this.#told += 1;
        if (this.#manner === 'cooperative') resolve(null);
      };
      if (signal?.aborted) cancelled();
      else signal?.addEventListener('abort', cancelled, { once: true });
    });
  }
}
