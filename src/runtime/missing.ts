import { RecentMap } from '../collections/recent-map.ts';
import type { CellEvent, MissingReason } from '../events.ts';
import type { EventSource } from './event-reader.ts';

export type MissingEvent = Extract<CellEvent, { type: 'missing' }>;

/** The event of a cell that does not exist. */
export function missingCell(cellId: string, reason: MissingReason): MissingEvent {
  return {
    type: 'missing',
    cellId,
    items: [],
    reason,
    message: `exec cell ${cellId} not found`,
  };
}

/** A source with this single event. */
export function missingSource(event: MissingEvent): EventSource {
  return {
    after: () => ({ seq: 0, atMs: Date.now(), ...event }),
    watch: () => () => {},
  };
}

/** Remembers why cells are gone, by default of the latest 1,024. */
export class Tombstones {
  readonly #reasons: RecentMap<string, MissingReason>;

  /** @param capacity How many are remembered; the oldest are forgotten first. */
  constructor(capacity = 1024) {
    this.#reasons = new RecentMap(capacity);
  }

  add(cellId: string, reason: MissingReason): void {
    this.#reasons.set(cellId, reason);
  }

  /** `unknown` for a cell that never existed or was forgotten. */
  reasonOf(cellId: string): MissingReason {
    return this.#reasons.get(cellId) ?? 'unknown';
  }
}
