import { RecentSet } from '../../src/collections/recent-set.ts';
import type { CancelReason } from '../../src/errors.ts';
import type { DelegateRequest, Operation } from '../wire/protocol.ts';
import { cellOf } from './incoming-tasks.ts';

/** How many ends are remembered, of sessions and of cells. */
const REMEMBERED = 1_024;

/**
 * What this side has asked its host to end. Version 1 does not say why it cancels a call; it does so
 * where somebody ends the cell or the session, and where the program has ended.
 */
export class AskedEnds {
  readonly #sessions = new RecentSet<string>(REMEMBERED);
  readonly #cells = new RecentSet<string>(REMEMBERED);

  /** Something is asked. */
  note(request: Operation): void {
    if (request.method === 'session/shutdown') this.#sessions.add(request.sessionId);
    if (request.method === 'session/terminate') {
      this.#cells.add(keyOf(request.sessionId, request.cellId));
    }
  }

  /** Why a host that does not say it cancels what it asked. */
  reasonFor(sessionId: string, request: DelegateRequest): CancelReason {
    if (this.#cells.touch(keyOf(sessionId, cellOf(request)))) return 'terminate';
    return this.#sessions.touch(sessionId) ? 'shutdown' : 'completion';
  }
}

function keyOf(sessionId: string, cellId: string): string {
  return JSON.stringify([sessionId, cellId]);
}
