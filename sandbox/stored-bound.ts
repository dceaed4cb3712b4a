import type { SandboxLimits } from './limits.ts';

/** Counts what one program stores, on the side that does not trust the program. */
export class StoredBound {
  readonly #limits: Pick<SandboxLimits, 'maxStoredLength' | 'maxStoredKeys'>;
  readonly #lengths = new Map<string, number>();
  #length = 0;

  constructor(limits: Pick<SandboxLimits, 'maxStoredLength' | 'maxStoredKeys'>) {
    this.#limits = limits;
  }

  /**
   * Counts a value that replaces an earlier one under the same key.
   *
   * @returns The limit that it exceeds; null if it exceeds none.
   */
  count(key: string, json: string): 'maxStoredLength' | 'maxStoredKeys' | null {
    const { maxStoredLength, maxStoredKeys } = this.#limits;
    const length = key.length + json.length;
    this.#length += length - (this.#lengths.get(key) ?? 0);
    this.#lengths.set(key, length);
    if (this.#length > maxStoredLength) return 'maxStoredLength';
    return this.#lengths.size > maxStoredKeys ? 'maxStoredKeys' : null;
  }
}
