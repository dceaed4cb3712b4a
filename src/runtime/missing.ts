import type { CellEvent, MissingReason } from '../events.ts';
import type { EventSource } from './event-reader.ts';

export type MissingEvent = Extract<CellEvent, { type: 'missing' }>;

/** What a caller is told who asks for a cell that is not there. */
export function missingCell(cellId: string, reason: MissingReason): MissingEvent {
  return {
    type: 'missing',
    cellId,
    items: [],
    reason,
    message: `exec cell ${cellId} not found`,
  };
}

/** The events of a cell that is not there: that it is not, and nothing more. */
export class MissingLane implements EventSource {
  readonly #event: MissingEvent;

  constructor(event: MissingEvent) {
    this.#event = event;
  }

  attach(): void {}

  take(): MissingEvent {
    return this.#event;
  }

  detach(): void {}
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
