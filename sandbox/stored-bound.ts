import type { SandboxLimits } from './limits.ts';

/** Counts what one program stores, on the side that cannot trust whoever tells it. */
export class StoredBound {
  readonly #limits: Pick<SandboxLimits, 'maxStoredLength' | 'maxStoredKeys'>;
  readonly #lengths = new Map<string, number>();
  #length = 0;

  constructor(limits: Pick<SandboxLimits, 'maxStoredLength' | 'maxStoredKeys'>) {
    this.#limits = limits;
  }

  /**
   * Counts a value that replaces what the program stored under this key before.
   *
   * @returns The limit that it goes over; null where it goes over none.
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
