import { type CellNews, type CellStanding, NEW_CELL, stepOfCell } from './cell-standing.ts';
import { UsedIds } from './used-ids.ts';

/** One cell, and those who wait for an answer about it. */
interface Entry {
  readonly cellId: string;
  standing: CellStanding;
  /** When its callbacks were over, in `performance.now()`; null before. */
  endedMs: number | null;
  /** Terminates that have no answer yet. */
  terminates: number;
  /** Settles when they all have one. */
  terminated: PromiseWithResolvers<void> | null;
}

/** Says that an answer has gone out. To be called once. */
export type Paid = () => void;

const NOTHING_OWED: Paid = () => {};

/**
 * Keeps the answers about cells in the order that clients rely on: a client that terminates a cell
 * hears of its end before those who wait for it, and `cell/closed` comes once for each cell, when
 * `stepOfCell` says so.
 *
 * A cell that ends and that the client has not started is foreign: whoever runs the session started
 * it. Clients of our own are told of its end; version 1 has no such cells, and its clients take the
 * end of a cell they do not know for a fault of the host.
 */
export class CellAnswers {
  readonly #cells = new Map<string, Entry>();
  /** Cells of which nothing more can come. */
  readonly #over = new UsedIds<string>();
  /** Cells that ask for something before the client knows them. */
  readonly #held = new Map<string, PromiseWithResolvers<void>>();
  readonly #own: boolean;
  readonly #tellClosed: (cellId: string) => void;
  /** Cells that are being admitted. */
  #starting = 0;
  #isClosed = false;

  /** @param tellClosed Called once a cell. */
  constructor(own: boolean, tellClosed: (cellId: string) => void) {
    this.#own = own;
    this.#tellClosed = tellClosed;
  }

  /** The client knows the cell now, and is owed its first event. */
  announced(cellId: string): Paid {
    const entry = this.#cells.get(cellId) ?? this.#add(cellId);
    this.#hear(entry, 'announced');
    this.#held.get(cellId)?.resolve();
    return () => this.#hear(entry, 'paid');
  }

  /** A cell is about to be admitted. To be followed by `startOver`, when it was announced or refused. */
  starting(): void {
    this.#starting += 1;
  }

  /** What was not announced by now is of no cell that this client has started. */
  startOver(): void {
    this.#starting -= 1;
    if (this.#starting > 0) return;
    for (const held of this.#held.values()) held.resolve();
    this.#dropUnannounced();
  }

  /**
   * What to wait for before the client is asked for anything; undefined where it knows the cell, or
   * the cell is one that whoever runs the session has started.
   */
  untilAnnounced(cellId: string): Promise<void> | undefined {
    const known = this.#held.get(cellId);
    if (known !== undefined) return known.promise;
    const isAnnounced = this.#cells.get(cellId)?.standing.isAnnounced === true;
    if (this.#starting === 0 || isAnnounced) return undefined;
    const held = Promise.withResolvers<void>();
    this.#held.set(cellId, held);
    // Forgotten no sooner than it wakes those who wait: nobody who comes meanwhile overtakes them.
    void held.promise.then(() => this.#held.delete(cellId));
    return held.promise;
  }

  /** No callback of the cell runs any more. */
  ended(cellId: string): void {
    const entry = this.#find(cellId);
    if (entry === undefined) return this.#tellForeign(cellId);
    entry.endedMs ??= performance.now();
    this.#hear(entry, 'ended');
  }

  /** The end of the cell was delivered, or cannot be any more. */
  retired(cellId: string): void {
    const entry = this.#find(cellId);
    if (entry !== undefined) this.#hear(entry, 'retired');
  }

  /** An answer about a cell, if it is there, is owed until the returned function is called. */
  owe(cellId: string): Paid {
    const entry = this.#find(cellId);
    if (entry === undefined) return NOTHING_OWED;
    this.#hear(entry, 'owed');
    return () => this.#hear(entry, 'paid');
  }

  /** As `owe`, for the answer to a terminate. */
  oweTerminate(cellId: string): Paid {
    const paid = this.owe(cellId);
    const entry = this.#cells.get(cellId);
    if (entry === undefined) return paid;
    entry.terminates += 1;
    entry.terminated ??= Promise.withResolvers();
    return () => {
      entry.terminates -= 1;
      if (entry.terminates === 0) {
        entry.terminated?.resolve();
        entry.terminated = null;
      }
      paid();
    };
  }

  /** What to wait for before others are told that the cell was terminated. */
  terminateAnswered(cellId: string): Promise<void> | undefined {
    return this.#cells.get(cellId)?.terminated?.promise;
  }

  /** How long a completion had waited for a request that came at `askedMs`, in milliseconds. */
  bufferedMs(cellId: string, askedMs: number): number {
    const endedMs = this.#cells.get(cellId)?.endedMs ?? null;
    return endedMs === null || endedMs >= askedMs ? 0 : performance.now() - endedMs;
  }

  /** The session is over: tells the end of each cell that was not told. Nothing comes of later news. */
  close(): void {
    this.#dropUnannounced();
    this.#isClosed = true;
    for (const { cellId, standing } of this.#cells.values()) {
      if (!standing.isTold) this.#tellClosed(cellId);
    }
    this.#cells.clear();
    for (const held of this.#held.values()) held.resolve();
  }

  /** A cell may end before whoever started it has been answered. */
  #find(cellId: string): Entry | undefined {
    const known = this.#cells.get(cellId);
    if (known !== undefined || this.#starting === 0 || this.#over.has(cellId)) return known;
    return this.#add(cellId);
  }

  #add(cellId: string): Entry {
    const entry = { cellId, standing: NEW_CELL, endedMs: null, terminates: 0, terminated: null };
    this.#cells.set(cellId, entry);
    return entry;
  }

  #hear(entry: Entry, news: CellNews): void {
    // Nothing is told of a cell that was forgotten.
    if (this.#cells.get(entry.cellId) !== entry) return;
    const { next, tellsClosed } = stepOfCell(entry.standing, news, this.#own);
    if (next === null) this.#forget(entry.cellId);
    else entry.standing = next;
    if (tellsClosed) this.#tellClosed(entry.cellId);
  }

  #dropUnannounced(): void {
    for (const { cellId, standing } of this.#cells.values()) {
      if (standing.isAnnounced) continue;
      this.#cells.delete(cellId);
      if (standing.isEnded) this.#tellForeign(cellId);
    }
  }

  #tellForeign(cellId: string): void {
    if (this.#isClosed || this.#over.has(cellId)) return;
    this.#over.add(cellId);
    if (this.#own) this.#tellClosed(cellId);
  }

  #forget(cellId: string): void {
    this.#cells.delete(cellId);
    this.#over.add(cellId);
  }
}
