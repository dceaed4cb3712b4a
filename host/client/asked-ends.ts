import { RecentSet } from '../../src/collections/recent-set.ts';
import type { CancelReason } from '../../src/errors.ts';
import type { DelegateRequest, Operation } from '../wire/protocol.ts';
import { cellOf } from './incoming-tasks.ts';

/** How many ends of sessions, and of cells, are remembered. */
const REMEMBERED = 1_024;

/**
 * The sessions and cells that this side has asked its host to end. Version 1 does not say why a call
 * is cancelled: because the cell or the session is ended, or because the program has ended.
 */
export class AskedEnds {
  readonly #sessions = new RecentSet<string>(REMEMBERED);
  readonly #cells = new RecentSet<string>(REMEMBERED);

  /** A request is about to be sent. */
  note(request: Operation): void {
    if (request.method === 'session/shutdown') this.#sessions.add(request.sessionId);
    if (request.method === 'session/terminate') {
      this.#cells.add(keyOf(request.sessionId, request.cellId));
    }
  }

  /** Why a host cancels its call, if it does not say so itself. */
  reasonFor(sessionId: string, request: DelegateRequest): CancelReason {
    if (this.#cells.touch(keyOf(sessionId, cellOf(request)))) return 'terminate';
    return this.#sessions.touch(sessionId) ? 'shutdown' : 'completion';
  }
}

function keyOf(sessionId: string, cellId: string): string {
  return JSON.stringify([sessionId, cellId]);
}
