import { Lines } from '../collections/line.ts';
import { RecentMap } from '../collections/recent-map.ts';
import type { LiveEvent } from '../live-events.ts';
import { CellRecord, EVENT_MEASURE } from './cell-record.ts';
import type { KeepAlive } from './keep-alive.ts';

/** How many cells that are gone keep their records. */
const KEPT_RECORDS = 64;

/** Gets every event of every cell, in place. Must not throw. */
export type Journal = (cellId: string, event: LiveEvent) => void;

/** The records of a session: those of its cells, and the latest of cells that are gone. */
export class CellRecords {
  readonly #lines = new Lines<LiveEvent>(EVENT_MEASURE);
  readonly #journal: Journal | undefined;
  /** Of cells that are gone, for readers that were announced or have begun. */
  readonly #kept = new RecentMap<string, CellRecord>(KEPT_RECORDS);

  constructor(journal: Journal | undefined) {
    this.#journal = journal;
  }

  /** Events of cells that are there, and what they cost in bytes. */
  get counts(): { readonly events: number; readonly bytes: number } {
    return { events: this.#lines.items, bytes: this.#lines.bytes };
  }

  /** @param keeps Whether readers will come, so that the record is kept past the end of the cell. */
  open(cellId: string, keeps: boolean, keepAlive: KeepAlive): CellRecord {
    const journal = this.#journal;
    return new CellRecord({
      lines: this.#lines,
      keeps,
      keepAlive,
      journal: journal === undefined ? undefined : (event) => journal(cellId, event),
    });
  }

  /** The record of a cell that is gone, if it was kept. */
  kept(cellId: string): CellRecord | undefined {
    return this.#kept.get(cellId);
  }

  /** The cell is gone. */
  retire(cellId: string, record: CellRecord): void {
    record.leave();
    if (record.isWanted) this.#kept.set(cellId, record);
  }

  /** Forgets the records that were kept; readers that have one read on. */
  clear(): void {
    this.#kept.clear();
  }
}
