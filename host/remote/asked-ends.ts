import { RecentSet } from '../../src/collections/recent-set.ts';
import type { CancelReason } from '../../src/errors.ts';

/** How many ends of sessions, and of cells, are remembered. */
const REMEMBERED = 1_024;

/**
 * The sessions and cells that this side has asked its host to end. Hosts without `cellhost.cells` do
 * not say why a call is cancelled: because the cell or the session is ended, or because the program
 * has ended.
 */
export class AskedEnds {
  readonly #sessions = new RecentSet<string>(REMEMBERED);
  readonly #cells = new RecentSet<string>(REMEMBERED);

  /** The host is about to be asked to close a session. */
  noteClose(sessionId: string): void {
    this.#sessions.add(sessionId);
  }

  /** The host is about to be asked to terminate a cell. */
  noteTerminate(sessionId: string, cellId: string): void {
    this.#cells.add(keyOf(sessionId, cellId));
  }

  /** Why a host cancels a call of this cell, if it does not say so itself. */
  reasonFor(sessionId: string, cellId: string): CancelReason {
    if (this.#cells.touch(keyOf(sessionId, cellId))) return 'terminate';
    return this.#sessions.touch(sessionId) ? 'shutdown' : 'completion';
  }
}

function keyOf(sessionId: string, cellId: string): string {
  return JSON.stringify([sessionId, cellId]);
}
