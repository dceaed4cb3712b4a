import { RecentSet } from '../../src/collections/recent-set.ts';
import type { Delegate } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import { PendingRouter } from '../../src/routing/pending-router.ts';
import type { Delivery, RoutedEvent, RoutedItem, Sink } from '../../src/routing/routed-items.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import { IncomingTasks, refuse } from './incoming-tasks.ts';
import { RemoteCell } from './remote-cell.ts';
import { cellOf, type SessionRouter, type SessionTraffic } from './session-traffic.ts';

/** What an inbox is made of. */
export interface SessionInboxParts {
  /** The delegate of cells that were started without one. */
  readonly delegate: Delegate;
  /** Whether the host has `cellhost.cells`. */
  readonly hasCellsCapability: boolean;
  /** Whether the host may start cells by itself, as in a session that it created. */
  readonly adopts: boolean;
  /** Aborts when the session or its connection is lost. */
  readonly lost: AbortSignal;
}

/** A cell that was requested from the host. */
export interface ExpectedCell {
  /**
   * The host has admitted the cell. Call it before the host's next message is read.
   *
   * @throws `peer_failed` if there is a live cell with this id.
   */
  started(cellId: string, delegate: Delegate): void;
  /** The host has answered, or cannot answer. Safe to call twice. */
  over(): void;
}

/** How many closed cells with an unclaimed end are remembered. */
const MAX_CLOSED = 1_024;
/** How many open cells a host may have started by itself in one session. */
const MAX_ADOPTED = 1_024;
/** For items of requested cells; they wait until the host answers. */
const LIMITS = {
  maxItemsPerId: 4_096,
  maxPendingIds: 1_024,
  maxParkedBytes: 64 << 20,
  parkMs: Number.POSITIVE_INFINITY,
};

/**
 * Receives the host's requests and news for one session, even before the session has its id: passes
 * them to the delegates of their cells, and keeps those cells.
 *
 * Items for an unknown cell wait while an execute is pending, because the cell may be the requested
 * one. After the last execute is answered, such a cell is adopted or refused.
 */
export class SessionInbox {
  readonly #parts: SessionInboxParts;
  readonly #tasks: IncomingTasks;
  readonly #router: SessionRouter;
  readonly #cells = new Map<string, RemoteCell>();
  /** Closed cells whose end may still be requested. */
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

  /** Resolves with the reason when nothing more can arrive. */
  get over(): Promise<Error> {
    return this.#over.promise;
  }

  /** How many calls are running at its delegates, if the host may still want their answers. */
  get running(): number {
    return this.#tasks.size;
  }

  /** The session has its id now; refusals name it. */
  named(sessionId: string): void {
    this.#sessionId = sessionId;
  }

  /** Receives the deliveries of the connection's router, in order. */
  take(delivery: Delivery<SessionTraffic>): void {
    // The lost events came before the session was known, so its cells were not known either.
    if (delivery.kind === 'gap') return;
    const cellId = cellIdOf(delivery);
    if (this.#mayTake(cellId)) this.#router.route(cellId, delivery);
    else if (delivery.kind === 'request') {
      refuse(delivery, `code-mode host delegated for unknown cell ${cellId}`);
    }
  }

  /** Accepts news for a session without an id if they are about a known cell. @returns Whether they are. */
  takeEarly(news: RoutedEvent<SessionTraffic>): boolean {
    const { cellId } = news.message;
    if (!this.#router.isLive(cellId) && !this.#router.isClosed(cellId)) return false;
    this.take(news);
    return true;
  }

  /** A cell is about to be requested: items for unknown cells wait until `over`. */
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

  /** A known cell; undefined for any other. */
  cell(cellId: string): RemoteCell | undefined {
    return this.#cells.get(cellId);
  }

  /** The end of a cell was delivered, so a closed cell need not be kept. */
  delivered(cellId: string): void {
    if (this.#cells.get(cellId)?.isClosed === true) this.#forget(cellId);
  }

  /** Nothing more can arrive: cancels what is running. */
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

  /** Whether a cell is known, may be a requested one, or is adopted now. */
  #mayTake(cellId: string): boolean {
    if (this.#isEnded) return false;
    const isKnown = this.#router.isLive(cellId) || this.#router.isClosed(cellId);
    return isKnown || this.#expected > 0 || this.#adopt(cellId);
  }

  /** Accepts a cell that the host started by itself. @returns Whether that is allowed and there was room. */
  #adopt(cellId: string): boolean {
    const { adopts, delegate } = this.#parts;
    if (!adopts || this.#isEnded || this.#adopted.size >= MAX_ADOPTED) return false;
    this.#adopted.add(cellId);
    this.#admit(cellId, delegate, (sink) => this.#router.register(cellId, sink));
    return true;
  }

  /** Delivers to a cell what waits for it, and what follows. */
  #admit(
    cellId: string,
    delegate: Delegate,
    register: (sink: Sink<SessionTraffic>) => unknown,
  ): void {
    this.#closed.delete(cellId);
    this.#cells.set(cellId, new RemoteCell(delegate));
    register((delivery) => {
      if (delivery.kind === 'request') this.#tasks.run(delivery, delegate);
      // A gap, too: the only news is that a cell is closed.
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

  /** The cell can no longer be observed. */
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

/** Ignores what `cellClosed` throws, as its contract says. */
async function tellClosed(delegate: Delegate, cellId: string): Promise<void> {
  try {
    await delegate.cellClosed?.(cellId);
  } catch {}
}
