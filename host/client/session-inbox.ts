import type { Delegate } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { Delivery } from '../../src/routed-items.ts';
import { cellOf, DelegateTasks, refuse } from './delegate-tasks.ts';
import { RemoteCell } from './remote-cell.ts';
import type { SessionRequest, SessionTraffic } from './session-traffic.ts';

/** What an inbox is made of. */
export interface SessionInboxParts {
  /** Whom the callbacks go to of cells that have no delegate of their own. */
  readonly delegate: Delegate;
  /** Whether the host has `cellhost.cells`. */
  readonly own: boolean;
  /** Whether the host may run cells here that nobody asked for, as where it made the session. */
  readonly adopts: boolean;
  /** Aborts when the connection is lost. */
  readonly lost: AbortSignal;
}

/** How many closed cells are remembered whose end nobody has asked for. */
const MAX_CLOSED = 1_024;
/** How many cells of its own a host may have open in one session. */
const MAX_ADOPTED = 1_024;

/**
 * What a host asks of one session and tells it, also before the session has its id: brings it to
 * the delegates, and keeps the cells it is about.
 */
export class SessionInbox {
  readonly #parts: SessionInboxParts;
  readonly #tasks: DelegateTasks;
  readonly #cells = new Map<string, RemoteCell>();
  /** Cells that are over and whose end may still be asked for. */
  readonly #closed = new Set<string>();
  readonly #adopted = new Set<string>();
  readonly #onLost = () => this.#lose();
  readonly #over = Promise.withResolvers<Error>();
  #isEnded = false;

  constructor(parts: SessionInboxParts) {
    this.#parts = parts;
    this.#tasks = new DelegateTasks(parts.own);
    parts.lost.addEventListener('abort', this.#onLost);
  }

  /** Resolves when nothing comes any more, with the reason. */
  get over(): Promise<Error> {
    return this.#over.promise;
  }

  /** Takes what the router brings, in order. */
  take(delivery: Delivery<SessionTraffic>): void {
    switch (delivery.kind) {
      case 'request':
        return this.serve(delivery);
      case 'event':
        return this.#closeCell(delivery.message.cellId);
      case 'gap':
        // What is lost came before the session was known: of its cells nobody here knows either.
        return;
    }
  }

  /** Has a delegate do what the host asks for a cell, and answers it. */
  serve(request: SessionRequest): void {
    const cellId = cellOf(request.message);
    const cell = this.#cells.get(cellId) ?? this.#adopt(cellId);
    if (cell !== undefined && !this.#isEnded) return this.#tasks.run(request, cell.delegate);
    refuse(request, `code-mode host delegated for unknown cell ${cellId}`);
  }

  /** A cell was admitted. @param delegate Whom its callbacks go to. */
  started(cellId: string, delegate: Delegate): RemoteCell {
    const cell = new RemoteCell(delegate);
    this.#cells.set(cellId, cell);
    return cell;
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
    this.#parts.lost.removeEventListener('abort', this.#onLost);
    this.#tasks.cancelAll('shutdown');
    this.#closeCells();
    this.#over.resolve(new CodeModeError('session_closed', 'code mode session is closed'));
  }

  #lose(): void {
    this.#tasks.cancelAll('disconnect');
    this.#closeCells();
    this.#over.resolve(this.#parts.lost.reason);
  }

  #closeCells(): void {
    for (const cellId of [...this.#cells.keys()]) this.#closeCell(cellId);
  }

  /** A cell that the host runs of its own accord. */
  #adopt(cellId: string): RemoteCell | undefined {
    const { adopts, delegate } = this.#parts;
    if (!adopts || this.#isEnded || this.#adopted.size >= MAX_ADOPTED) return undefined;
    this.#adopted.add(cellId);
    return this.started(cellId, delegate);
  }

  #closeCell(cellId: string): void {
    const cell = this.#cells.get(cellId) ?? this.#adopt(cellId);
    if (cell === undefined || !cell.close()) return;
    this.#tasks.cancelCell(cellId, 'completion');
    void tellClosed(cell.delegate, cellId);
    this.#adopted.delete(cellId);
    this.#closed.add(cellId);
    if (this.#closed.size <= MAX_CLOSED) return;
    const [oldest] = this.#closed;
    if (oldest !== undefined) this.#forget(oldest);
  }

  /** Nobody will be told of this cell any more. */
  #forget(cellId: string): void {
    this.#closed.delete(cellId);
    this.#cells.delete(cellId);
  }
}

/** What `cellClosed` throws is ignored: its contract says so. */
async function tellClosed(delegate: Delegate, cellId: string): Promise<void> {
  try {
    await delegate.cellClosed?.(cellId);
  } catch {}
}
