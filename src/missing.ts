import type { CellEvent, MissingReason } from './events.ts';

/** What a caller is told who asks for a cell that is not there. */
export function missingCell(cellId: string, reason: MissingReason): CellEvent {
  return {
    type: 'missing',
    cellId,
    items: [],
    reason,
    message: `exec cell ${cellId} not found`,
  };
}

/** Remembers why cells are gone, the latest 1,024 of them. */
export class Tombstones {
  readonly #reasons = new Map<string, MissingReason>();
  readonly #capacity: number;

  /** @param capacity How many are remembered; the oldest are forgotten first. */
  constructor(capacity = 1024) {
    this.#capacity = capacity;
  }

  add(cellId: string, reason: MissingReason): void {
    this.#reasons.set(cellId, reason);
    if (this.#reasons.size <= this.#capacity) return;
    for (const oldest of this.#reasons.keys()) {
      this.#reasons.delete(oldest);
      return;
    }
  }

  /** `unknown` for a cell that never was, or was forgotten. */
  reasonOf(cellId: string): MissingReason {
    return this.#reasons.get(cellId) ?? 'unknown';
  }
}
