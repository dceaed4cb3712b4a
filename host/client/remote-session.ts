import type { Delegate } from '../../src/delegate.ts';
import { type CancelReason, CodeModeError } from '../../src/errors.ts';
import type { CellEvent } from '../../src/events.ts';
import { missingCell } from '../../src/missing.ts';
import { checkObserveMode, DEFAULT_OBSERVE } from '../../src/observe-mode.ts';
import type {
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  Session,
  StartedCell,
  WaitOptions,
} from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { DelegateRequest, Operation, OperationValue } from '../protocol.ts';
import { fromOutcome, fromResponse } from '../wire-events.ts';
import type { ClientConnection, SessionSink } from './client-connection.ts';
import { DelegateTasks } from './delegate-tasks.ts';
import { RemoteCell } from './remote-cell.ts';
import { expected, SessionRequests } from './session-requests.ts';

/** What a session of another process is made of. */
export interface RemoteSessionParts {
  readonly connection: ClientConnection;
  readonly id: string;
  readonly delegate: Delegate;
  readonly tools: readonly ToolDefinition[];
}

interface Wait {
  readonly id: number;
  readonly answer: Promise<CellEvent>;
  /** How the host is told that nobody waits any more. */
  readonly giveUp: () => void;
}

/** How many closed cells are remembered whose end nobody has asked for. */
const MAX_CLOSED = 1_024;

/**
 * A session in another process. See `Session`.
 *
 * Calls fail with `connection_lost` once the host is gone, and with `unsupported` where it does not
 * have what they need. Callbacks that were cancelled are not waited for.
 */
export class RemoteSession implements Session, SessionSink {
  readonly id: string;
  readonly #connection: ClientConnection;
  readonly #parts: RemoteSessionParts;
  readonly #requests: SessionRequests;
  readonly #tasks: DelegateTasks;
  readonly #cells = new Map<string, RemoteCell>();
  /** Cells that are over and whose end may still be asked for. */
  readonly #closed = new Set<string>();
  #closing: Promise<void> | null = null;
  #isClosed = false;

  constructor(parts: RemoteSessionParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.#connection = parts.connection;
    const own = parts.connection.has('cellhost.cells');
    this.#requests = new SessionRequests(parts.id, parts.tools, own);
    this.#tasks = new DelegateTasks(parts.connection, own);
    parts.connection.attach(parts.id, this);
  }

  async execute(request: ExecuteRequest, options: WaitOptions = {}): Promise<StartedCell> {
    this.#checkOpen();
    const operation = this.#requests.execute(request, options);
    const delegate = request.delegate ?? this.#parts.delegate;
    let initial: Promise<CellEvent> | null = null;
    const { id, answer } = this.#connection.request(operation, (value, id) => {
      const { cellId } = expected(value, 'execution/started');
      this.#cells.set(cellId, new RemoteCell(delegate));
      initial = this.#connection.initial(id).then(fromResponse);
      initial.catch(() => {});
    });
    const { cellId } = expected(await answer, 'execution/started');
    const cell = this.#cells.get(cellId) ?? new RemoteCell(delegate);
    const wait = { id, answer: initial!, giveUp: () => this.#connection.preempt(id) };
    const first = this.#await(cell, wait, options);
    first.catch(() => {});
    return { cellId, first };
  }

  async observe(
    cellId: string,
    mode: ObserveMode = DEFAULT_OBSERVE,
    options: WaitOptions = {},
  ): Promise<CellEvent> {
    checkObserveMode(mode);
    if (this.#isClosed) return missingCell(cellId, 'terminated');
    options.signal?.throwIfAborted();
    const cell = this.#cells.get(cellId) ?? new RemoteCell(this.#parts.delegate);
    if (cell.settled !== undefined) await cell.settled;
    const end = cell.takeEnd();
    if (end !== null) return this.#deliver(cell, end);
    const { id, answer } = this.#connection.request(this.#requests.wait(cellId, mode, options));
    const event = answer.then((value) => fromOutcome(expected(value, 'wait/completed').outcome));
    const wait = { id, answer: event, giveUp: () => this.#connection.cancel(id) };
    return this.#await(cell, wait, options);
  }

  async resume(
    cellId: string,
    generation: number,
  ): Promise<'resumed' | 'already-running' | 'missing'> {
    const value = await this.#ask({
      method: 'session/resume',
      sessionId: this.id,
      cellId,
      generation,
    });
    return expected(value, 'cell/resumed').outcome;
  }

  async terminate(cellId: string): Promise<CellEvent> {
    if (this.#isClosed) return missingCell(cellId, 'terminated');
    const cell = this.#cells.get(cellId);
    const { answer } = this.#connection.request({
      method: 'session/terminate',
      sessionId: this.id,
      cellId,
    });
    const event = fromOutcome(expected(await answer, 'wait/completed').outcome);
    if (cell?.settled !== undefined) await cell.settled;
    const end = event.type === 'missing' ? cell?.takeEnd() : null;
    return cell === undefined ? event : this.#deliver(cell, end ?? event);
  }

  async cells(): Promise<readonly CellSummary[]> {
    const value = await this.#ask({ method: 'session/cells', sessionId: this.id });
    return expected(value, 'session/cells').cells;
  }

  async values(): Promise<ReadonlyMap<string, unknown>> {
    const value = await this.#ask({ method: 'session/values', sessionId: this.id });
    return new Map(expected(value, 'session/values').values);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  delegate(id: number, request: DelegateRequest): void {
    const cellId = request.type === 'tool/invoke' ? request.invocation.cell_id : request.cellId;
    const cell = this.#cells.get(cellId);
    if (cell !== undefined) return this.#tasks.run(id, request, cell.delegate);
    const message = `code-mode host delegated for unknown cell ${cellId} in session ${this.id}`;
    this.#connection.respond(id, { status: 'error', message });
  }

  delegateCancelled(id: number, reason: CancelReason): void {
    this.#tasks.cancel(id, reason);
  }

  cellClosed(cellId: string): void {
    const cell = this.#cells.get(cellId);
    if (cell === undefined || !cell.close()) return;
    this.#tasks.cancelCell(cellId, 'completion');
    void tellClosed(cell.delegate, cellId);
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

  /** What a caller is told: what came for others before, and this. */
  #deliver(cell: RemoteCell, event: CellEvent): CellEvent {
    const isOver = event.type !== 'yielded' && event.type !== 'pending';
    if (isOver && cell.isClosed) this.#forget(event.cellId);
    return cell.complete(event);
  }

  lost(): void {
    this.#tasks.cancelAll('disconnect');
    for (const cellId of [...this.#cells.keys()]) this.cellClosed(cellId);
  }

  /** Sessions of a host that is gone are closed already. */
  async #close(): Promise<void> {
    if (this.#connection.failure !== null) return;
    const { answer } = this.#connection.request({
      method: 'session/shutdown',
      sessionId: this.id,
    });
    try {
      expected(await answer, 'session/closed');
    } catch (error) {
      if (this.#connection.failure === null) throw error;
    } finally {
      this.#isClosed = true;
      this.#connection.detach(this.id);
    }
  }

  /** Waits as long as the caller wants to. What comes later is kept for the next caller. */
  #await(cell: RemoteCell, wait: Wait, { signal, preempt }: WaitOptions): Promise<CellEvent> {
    const { id, answer } = wait;
    return new Promise((resolve, reject) => {
      const onPreempt = () => this.#connection.preempt(id);
      const onAbort = () => {
        stop();
        isGivenUp = true;
        wait.giveUp();
        cell.abandon(answer);
        reject(signal?.reason);
      };
      let isGivenUp = false;
      const stop = () => {
        signal?.removeEventListener('abort', onAbort);
        preempt?.removeEventListener('abort', onPreempt);
      };
      signal?.addEventListener('abort', onAbort);
      preempt?.addEventListener('abort', onPreempt);
      answer.then((event) => {
        stop();
        if (!isGivenUp) resolve(this.#deliver(cell, event));
      }, reject);
      answer.catch(stop);
      if (signal?.aborted) onAbort();
      else if (preempt?.aborted) onPreempt();
    });
  }

  /** A request of `cellhost.cells`. */
  async #ask(operation: Operation): Promise<OperationValue> {
    this.#requests.checkOwn(operation.method);
    return this.#connection.request(operation).answer;
  }

  #checkOpen(): void {
    if (this.#closing === null) return;
    throw new CodeModeError('session_closed', 'code mode session is shutting down');
  }
}

/** What `cellClosed` throws is ignored: its contract says so. */
async function tellClosed(delegate: Delegate, cellId: string): Promise<void> {
  try {
    await delegate.cellClosed?.(cellId);
  } catch {}
}
