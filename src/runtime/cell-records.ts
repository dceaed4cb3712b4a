import { Lines } from '../collections/line.ts';
import { RecentMap } from '../collections/recent-map.ts';
import type { LiveEvent } from '../live-events.ts';
import { CellRecord, EVENT_MEASURE } from './cell-record.ts';
import type { KeepAlive } from './keep-alive.ts';

/** How many records of retired cells are kept. */
const KEPT_RECORDS = 64;

/** Called in place with every event of every cell. Must not throw. */
export type Journal = (cellId: string, event: LiveEvent) => void;

/** The records of a session: those of its cells, and the latest of retired cells. */
export class CellRecords {
  readonly #lines = new Lines<LiveEvent>(EVENT_MEASURE);
  readonly #journal: Journal | undefined;
  /** Of retired cells, for readers that were announced or have begun. */
  readonly #kept = new RecentMap<string, CellRecord>(KEPT_RECORDS);

  constructor(journal: Journal | undefined) {
    this.#journal = journal;
  }

  /** The events of current cells, and their cost in bytes. */
  get counts(): { readonly events: number; readonly bytes: number } {
    return { events: this.#lines.items, bytes: this.#lines.bytes };
  }

  /** @param keeps Whether readers were announced, so that the record outlives the cell. */
  open(cellId: string, keeps: boolean, keepAlive: KeepAlive): CellRecord {
    const journal = this.#journal;
    return new CellRecord({
      lines: this.#lines,
      keeps,
      keepAlive,
      journal: journal === undefined ? undefined : (event) => journal(cellId, event),
    });
  }

  /** The record of a retired cell, if it was kept. */
  kept(cellId: string): CellRecord | undefined {
    return this.#kept.get(cellId);
  }

  /** The cell can no longer be observed. */
  retire(cellId: string, record: CellRecord): void {
    record.leave();
    if (record.isWanted) this.#kept.set(cellId, record);
  }

  /** Forgets the kept records. Readers that have one can continue. */
  clear(): void {
    this.#kept.clear();
  }
}
