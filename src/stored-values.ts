import { messageOf } from './errors.ts';
/** A snapshot of stored values: JSON text by key. Never changes. */
export type ValuesSnapshot = ReadonlyMap<string, string>;

/** How much may be stored. Lengths count keys and JSON text together, in UTF-16 units. */
export interface StoredValuesBounds {
  readonly maxStoredLength: number;
  readonly maxStoredKeys: number;
}

/**
 * The values that a session keeps between its cells.
 *
 * A cell starts from a snapshot. What it wrote is merged key by key when it completes, even if it
 * failed, exceeded a limit or was lost with its sandbox, but not if it was terminated. If two cells
 * write the same key, the cell that completes last wins.
 */
export interface StoredValues {
  snapshot(): ValuesSnapshot;

  /**
   * Merges what a cell wrote in one step. Called at most once per cell, even if the cell failed.
   *
   * @returns The keys that were left unchanged because they would have exceeded the bounds.
   */
  commit(writes: ValuesSnapshot, bounds: StoredValuesBounds): readonly string[];
}

/** Stored values in memory, for as long as this object lives. */
export class MemoryStoredValues implements StoredValues {
  #values: ValuesSnapshot;
  #length: number;

  /** @param initial The initial values, as JSON text by key. */
  constructor(initial: ValuesSnapshot = new Map()) {
    this.#values = new Map(initial);
    this.#length = lengthOfValues(initial);
  }

  snapshot(): ValuesSnapshot {
    return this.#values;
  }

  commit(writes: ValuesSnapshot, bounds: StoredValuesBounds): readonly string[] {
    if (writes.size === 0) return [];
    const next = new Map(this.#values);
    const refused: string[] = [];
    let length = this.#length;
    for (const [key, json] of writes) {
      const before = next.get(key);
      const grown =
        length + lengthOf(key, json) - (before === undefined ? 0 : lengthOf(key, before));
      const keys = next.size + (before === undefined ? 1 : 0);
      if (grown > bounds.maxStoredLength || keys > bounds.maxStoredKeys) {
        refused.push(key);
        continue;
      }
      next.set(key, json);
      length = grown;
    }
    this.#values = next;
    this.#length = length;
    return refused;
  }
}

/**
 * Commits what a cell wrote.
 *
 * @returns Notes about values that were not kept, for the `completed` event. Does not throw: a
 * failing store must not keep a cell from ending.
 */
export function commitWrites(
  values: StoredValues,
  writes: ValuesSnapshot,
  bounds: StoredValuesBounds,
): string[] {
  try {
    const held = `${bounds.maxStoredLength} characters and ${bounds.maxStoredKeys} keys`;
    return values
      .commit(writes, bounds)
      .map((key) => `Stored value ${JSON.stringify(key)} was not kept: a session holds ${held}`);
  } catch (error) {
    return [`Stored values were not kept: ${messageOf(error)}`];
  }
}

/** Length of stored values as the bounds count it. */
export function lengthOfValues(values: ValuesSnapshot): number {
  let length = 0;
  for (const [key, json] of values) length += lengthOf(key, json);
  return length;
}

function lengthOf(key: string, json: string): number {
  return key.length + json.length;
}
