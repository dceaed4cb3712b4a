import { RecentSet } from '../../src/collections/recent-set.ts';
import type { Delegate } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import { PendingRouter } from '../../src/routing/pending-router.ts';
import type { Delivery, RoutedEvent, RoutedItem, Sink } from '../../src/routing/routed-items.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import { cellOf, IncomingTasks, refuse } from './incoming-tasks.ts';
import { RemoteCell } from './remote-cell.ts';
import type { SessionRouter, SessionTraffic } from './session-traffic.ts';

/** What an inbox is made of. */
export interface SessionInboxParts {
  /** Whom the callbacks go to of cells that have no delegate of their own. */
  readonly delegate: Delegate;
  /** Whether the host has `cellhost.cells`. */
  readonly hasCellsCapability: boolean;
  /** Whether the host may run cells here that nobody asked for, as where it made the session. */
  readonly adopts: boolean;
  /** Aborts when the connection is lost. */
  readonly lost: AbortSignal;
}

/** A cell that the host was asked for. */
export interface ExpectedCell {
  /**
   * The host has admitted it. To be called before its next message is read.
   *
   * @throws `peer_failed` where a cell of this id lives.
   */
  started(cellId: string, delegate: Delegate): void;
  /** The host has answered, or cannot. Safe to call twice. */
  over(): void;
}

/** How many closed cells are remembered whose end nobody has asked for. */
const MAX_CLOSED = 1_024;
/** How many cells of its own a host may have open in one session. */
const MAX_ADOPTED = 1_024;
/** What waits for cells that the host was asked for; it waits as long as the host takes to answer. */
const LIMITS = {
  maxItemsPerId: 4_096,
  maxPendingIds: 1_024,
  maxParkedBytes: 64 << 20,
  parkMs: Number.POSITIVE_INFINITY,
};

/**
 * What a host asks of one session and tells it, also before the session has its id: brings it to
 * the delegates, by the cell it is about, and keeps those cells.
 *
 * What comes for an unknown cell while an execute is under way waits, because the cell may be the
 * one that was asked for. After the last execute is answered, such a cell is adopted or refused.
 */
export class SessionInbox {
  readonly #parts: SessionInboxParts;
  readonly #tasks: IncomingTasks;
  readonly #router: SessionRouter;
  readonly #cells = new Map<string, RemoteCell>();
  /** Cells that are over and whose end may still be asked for. */
  readonly #closed = new RecentSet<string>(MAX_CLOSED);
  readonly #adopted = new Set<string>();
  readonly #unlink: () => void;
  readonly #over = Promise.withResolvers<Error>();
  #sessionId: string | undefined;
  #expected = 0;
  #isEnded = false;

  constructor(parts: SessionInboxParts) {
    this.#parts = parts;
    this.#tasks = new IncomingTasks(parts.hasCellsCapability);
    const sessionId = () => this.#sessionId;
    this.#router = new PendingRouter<SessionTraffic>({ limits: LIMITS, sessionId });
    this.#unlink = onAbort(parts.lost, () => this.#lose());
  }

  /** Resolves when nothing comes any more, with the reason. */
  get over(): Promise<Error> {
    return this.#over.promise;
  }

  /** How many calls its delegates are at work on, of those that the host may want answers to. */
  get running(): number {
    return this.#tasks.size;
  }

  /** The session has its id now, for those who are refused. */
  named(sessionId: string): void {
    this.#sessionId = sessionId;
  }

  /** Takes what the router of the connection brings, in order. */
  take(delivery: Delivery<SessionTraffic>): void {
    // What is lost came before the session was known: of its cells nobody here knows either.
    if (delivery.kind === 'gap') return;
    const cellId = cellIdOf(delivery);
    if (this.#mayTake(cellId)) this.#router.route(cellId, delivery);
    else if (delivery.kind === 'request') {
      refuse(delivery, `code-mode host delegated for unknown cell ${cellId}`);
    }
  }

  /** Takes news of a session that has no id yet, where they are of a cell that is known. @returns Whether it is. */
  takeEarly(news: RoutedEvent<SessionTraffic>): boolean {
    const { cellId } = news.message;
    if (!this.#router.isLive(cellId) && !this.#router.isClosed(cellId)) return false;
    this.take(news);
    return true;
  }

  /** The host is about to be asked for a cell: what comes for unknown cells waits until `over`. */
  expectCell(): ExpectedCell {
    const guard = this.#router.open();
    this.#expected += 1;
    let isOver = false;
    const over = () => {
      if (isOver) return;
      isOver = true;
      this.#expected -= 1;
      if (this.#expected === 0) for (const cellId of this.#router.waiting) this.#adopt(cellId);
      guard.release();
    };
    return {
      started: (cellId, delegate) => {
        if (this.#router.isLive(cellId)) throw reused(cellId);
        this.#admit(cellId, delegate, (sink) => guard.claim(cellId, sink));
        if (this.#isEnded) this.#closeCell(cellId);
        over();
      },
      over,
    };
  }

  /** What is kept of a cell; undefined where nothing is. */
  cell(cellId: string): RemoteCell | undefined {
    return this.#cells.get(cellId);
  }

  /** Somebody was told how a cell ended, so that nothing has to be kept of one that is closed. */
  delivered(cellId: string): void {
    if (this.#cells.get(cellId)?.isClosed === true) this.#forget(cellId);
  }

  /** Nothing comes any more: what still runs is cancelled. */
  end(): void {
    this.#isEnded = true;
    this.#unlink();
    this.#tasks.endAll('shutdown');
    this.#closeCells();
    for (const cellId of this.#router.waiting) this.#router.discard(cellId);
    this.#over.resolve(new CodeModeError('session_closed', 'code mode session is closed'));
  }

  #lose(): void {
    this.#tasks.endAll('disconnect');
    this.#closeCells();
    this.#router.close(this.#parts.lost.reason);
    this.#over.resolve(this.#parts.lost.reason);
  }

  /** Whether a cell is known, may turn out to be one that was asked for, or is adopted for this. */
  #mayTake(cellId: string): boolean {
    if (this.#isEnded) return false;
    const isKnown = this.#router.isLive(cellId) || this.#router.isClosed(cellId);
    return isKnown || this.#expected > 0 || this.#adopt(cellId);
  }

  /** Takes a cell that the host runs of its own accord. @returns Whether there may be such cells, and there was room. */
  #adopt(cellId: string): boolean {
    const { adopts, delegate } = this.#parts;
    if (!adopts || this.#isEnded || this.#adopted.size >= MAX_ADOPTED) return false;
    this.#adopted.add(cellId);
    this.#admit(cellId, delegate, (sink) => this.#router.register(cellId, sink));
    return true;
  }

  /** Has a cell get what came for it, and what comes. */
  #admit(
    cellId: string,
    delegate: Delegate,
    register: (sink: Sink<SessionTraffic>) => unknown,
  ): void {
    this.#closed.delete(cellId);
    this.#cells.set(cellId, new RemoteCell(delegate));
    register((delivery) => {
      if (delivery.kind === 'request') this.#tasks.run(delivery, delegate);
      // A gap, too: there is no other news than that a cell is closed.
      else this.#closeCell(cellId);
    });
  }

  #closeCells(): void {
    for (const cellId of [...this.#cells.keys()]) this.#closeCell(cellId);
  }

  /** Nothing about the cell goes to its delegate after this. */
  #closeCell(cellId: string): void {
    const cell = this.#cells.get(cellId);
    if (cell === undefined || !cell.close()) return;
    this.#router.discard(cellId);
    this.#tasks.endCell(cellId, 'completion');
    void tellClosed(cell.delegate, cellId);
    this.#adopted.delete(cellId);
    const displaced = this.#closed.add(cellId);
    if (displaced !== undefined) this.#cells.delete(displaced);
  }

  /** Nobody will be told of this cell any more. */
  #forget(cellId: string): void {
    this.#closed.delete(cellId);
    this.#cells.delete(cellId);
  }
}

function cellIdOf(item: RoutedItem<SessionTraffic>): string {
  return item.kind === 'request' ? cellOf(item.message) : item.message.cellId;
}

function reused(cellId: string): CodeModeError {
  const text = `Cannot execute: the host answered with cell ${cellId}, and a cell of that id lives`;
  return new CodeModeError('peer_failed', text);
}

/** What `cellClosed` throws is ignored: its contract says so. */
async function tellClosed(delegate: Delegate, cellId: string): Promise<void> {
  try {
    await delegate.cellClosed?.(cellId);
  } catch {}
}
