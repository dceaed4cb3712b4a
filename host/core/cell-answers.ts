import { RecentSet } from '../../src/collections/recent-set.ts';
import {
  type CellNews,
  type CellStanding,
  type ClosedRule,
  NEW_CELL,
  stepOfCell,
} from './cell-standing.ts';
import { REMEMBERED_IDS } from './host-limits.ts';

/** One cell, and the answers that are owed about it. */
interface Entry {
  readonly cellId: string;
  standing: CellStanding;
  /** When all its callbacks had ended, in `performance.now()`; null before. */
  endedMs: number | null;
  /** Terminates that have not been answered. */
  terminates: number;
  /** Resolves when all of them are answered. */
  terminated: PromiseWithResolvers<void> | null;
}

/** Reports that an answer was sent. Call it once. */
export type Paid = () => void;

const NOTHING_OWED: Paid = () => {};

/**
 * Keeps answers about cells in the order that clients rely on: `terminate` is answered before
 * pending waits, and each cell is reported as closed once, when `stepOfCell` decides.
 *
 * A cell that ends without having been started by the client is foreign: the owner of a session that
 * runs elsewhere started it. The rule `answers-sent` hides such cells, because a client with that
 * rule takes the end of an unknown cell for a fault of the host.
 */
export class CellAnswers {
  readonly #cells = new Map<string, Entry>();
  /** Cells to which nothing more can happen. */
  readonly #over = new RecentSet<string>(REMEMBERED_IDS);
  /** Cells that made a request before the client knew them. */
  readonly #held = new Map<string, PromiseWithResolvers<void>>();
  readonly #rule: ClosedRule;
  readonly #tellClosed: (cellId: string) => void;
  /** Cells that are being admitted. */
  #starting = 0;
  #isClosed = false;

  /** @param tellClosed Called once for each cell. */
  constructor(rule: ClosedRule, tellClosed: (cellId: string) => void) {
    this.#rule = rule;
    this.#tellClosed = tellClosed;
  }

  /** The client now knows the cell. Its first event is owed until the returned function is called. */
  announced(cellId: string): Paid {
    const entry = this.#cells.get(cellId) ?? this.#add(cellId);
    this.#hear(entry, 'announced');
    this.#held.get(cellId)?.resolve();
    return () => this.#hear(entry, 'paid');
  }

  /** A cell is about to be admitted. Call `startOver` when it was announced or refused. */
  starting(): void {
    this.#starting += 1;
  }

  /** A cell that is not announced by now was not started by this client. */
  startOver(): void {
    this.#starting -= 1;
    if (this.#starting > 0) return;
    for (const held of this.#held.values()) held.resolve();
    this.#dropUnannounced();
  }

  /**
   * What to wait for before a request is sent to the client. Undefined if it knows the cell, or if
   * the cell is foreign.
   */
  untilAnnounced(cellId: string): Promise<void> | undefined {
    const known = this.#held.get(cellId);
    if (known !== undefined) return known.promise;
    const isAnnounced = this.#cells.get(cellId)?.standing.isAnnounced === true;
    if (this.#starting === 0 || isAnnounced) return undefined;
    const held = Promise.withResolvers<void>();
    this.#held.set(cellId, held);
    // Forgotten only when it wakes its waiters, so that no later request overtakes them.
    void held.promise.then(() => this.#held.delete(cellId));
    return held.promise;
  }

  /** All callbacks of the cell have ended. */
  ended(cellId: string): void {
    const entry = this.#find(cellId);
    if (entry === undefined) return this.#tellForeign(cellId);
    entry.endedMs ??= performance.now();
    this.#hear(entry, 'ended');
  }

  /** The end of the cell was delivered, or can no longer be requested. */
  retired(cellId: string): void {
    const entry = this.#find(cellId);
    if (entry !== undefined) this.#hear(entry, 'retired');
  }

  /** An answer about a cell is owed until the returned function is called. */
  owe(cellId: string): Paid {
    const entry = this.#find(cellId);
    if (entry === undefined) return NOTHING_OWED;
    this.#hear(entry, 'owed');
    return () => this.#hear(entry, 'paid');
  }

  /** Like `owe`, for the answer to a terminate. */
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

  /** What to wait for before a wait is answered with the termination of the cell. */
  terminateAnswered(cellId: string): Promise<void> | undefined {
    return this.#cells.get(cellId)?.terminated?.promise;
  }

  /** How long a completion had waited for a request that arrived at `askedMs`, in milliseconds. */
  bufferedMs(cellId: string, askedMs: number): number {
    const endedMs = this.#cells.get(cellId)?.endedMs ?? null;
    return endedMs === null || endedMs >= askedMs ? 0 : performance.now() - endedMs;
  }

  /** The session has ended: reports each cell that was not reported as closed. Later news is ignored. */
  close(): void {
    this.#dropUnannounced();
    this.#isClosed = true;
    for (const { cellId, standing } of this.#cells.values()) {
      if (!standing.isTold) this.#tellClosed(cellId);
    }
    this.#cells.clear();
    for (const held of this.#held.values()) held.resolve();
  }

  /** A cell may end before its execute request has been answered. */
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
    // A cell that was forgotten is not reported again.
    if (this.#cells.get(entry.cellId) !== entry) return;
    const { next, tellsClosed } = stepOfCell(entry.standing, news, this.#rule);
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
    if (this.#rule === 'callbacks-over') this.#tellClosed(cellId);
  }

  #forget(cellId: string): void {
    this.#cells.delete(cellId);
    this.#over.add(cellId);
  }
}
