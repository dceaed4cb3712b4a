import { RecentMap } from '../collections/recent-map.ts';
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

/** The events of a cell that is not there: this one event. */
export function missingSource(event: MissingEvent): EventSource {
  return {
    after: () => ({ seq: 0, atMs: Date.now(), ...event }),
    watch: () => () => {},
  };
}

/** Remembers why cells are gone, the latest 1,024 of them. */
export class Tombstones {
  readonly #reasons: RecentMap<string, MissingReason>;

  /** @param capacity How many are remembered; the oldest are forgotten first. */
  constructor(capacity = 1024) {
    this.#reasons = new RecentMap(capacity);
  }

  add(cellId: string, reason: MissingReason): void {
    this.#reasons.set(cellId, reason);
  }

  /** `unknown` for a cell that never was, or was forgotten. */
  reasonOf(cellId: string): MissingReason {
    return this.#reasons.get(cellId) ?? 'unknown';
  }
}
