import type { Delegate } from '../../src/delegate.ts';
import { runCell } from '../../src/embed/run-cell.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { CellEvent } from '../../src/events.ts';
import type { EventsOptions, LiveEvents } from '../../src/live-events.ts';
import type { Registration } from '../../src/routing/routed-items.ts';
import {
  checkCellId,
  checkExecute,
  checkObserve,
  checkResume,
} from '../../src/runtime/check-arguments.ts';
import { EventReader, type EventSource } from '../../src/runtime/event-reader.ts';
import { missingCell, missingSource } from '../../src/runtime/missing.ts';
import { DEFAULT_OBSERVE } from '../../src/runtime/observe-mode.ts';
import type {
  CellResult,
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  RunCellOptions,
  Session,
  StartedCell,
  WaitOptions,
} from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import type { Operation, OperationValue } from '../wire/protocol.ts';
import { fromOutcome, fromResponse } from '../wire/wire-events.ts';
import type { ClientConnection } from './client-connection.ts';
import { RemoteCell } from './remote-cell.ts';
import { RemoteEvents } from './remote-events.ts';
import type { SessionInbox } from './session-inbox.ts';
import { expected, SessionRequests } from './session-requests.ts';
import type { SessionTraffic } from './session-traffic.ts';
import { stateLost } from './wire-errors.ts';

/** What a session in another process is made of. */
export interface RemoteSessionParts {
  readonly connection: ClientConnection;
  /** The registration of its id, released when it is closed. */
  readonly registration: Registration<SessionTraffic>;
  /** The address where it can be watched; undefined if there is none. */
  readonly remoteUrl: string | undefined;
  readonly inbox: SessionInbox;
  readonly delegate: Delegate;
  readonly tools: readonly ToolDefinition[];
  /** Called once, when it is closed and the host was informed. */
  readonly onClosed: (session: RemoteSession) => void;
}

type ExecuteOperation = Extract<Operation, { method: 'session/execute' }>;

interface Wait {
  readonly id: number;
  readonly answer: Promise<CellEvent>;
  /** Informs the host that the caller stopped waiting. */
  readonly giveUp: () => void;
}

/**
 * A session in another process. See `Session`.
 *
 * Pending calls fail with `connection_lost` when the host is lost, later ones with `state_lost`. Calls
 * fail with `unsupported` if the host lacks a capability. Cancelled callbacks are not waited for.
 */
export class RemoteSession implements Session {
  readonly id: string;
  /** The address where it can be watched; undefined if there is none. */
  readonly remoteUrl: string | undefined;
  readonly #connection: ClientConnection;
  readonly #parts: RemoteSessionParts;
  readonly #requests: SessionRequests;
  readonly #inbox: SessionInbox;
  #closing: Promise<void> | null = null;
  #isClosed = false;

  /** @internal */
  constructor(parts: RemoteSessionParts) {
    this.id = parts.registration.id;
    this.remoteUrl = parts.remoteUrl;
    this.#parts = parts;
    this.#connection = parts.connection;
    this.#inbox = parts.inbox;
    const hasCellsCapability = parts.connection.has('cellhost.cells');
    this.#requests = new SessionRequests(this.id, parts.tools, hasCellsCapability);
  }

  /** Resolves when it is closed or lost, with the reason. */
  get ended(): Promise<Error> {
    return this.#inbox.over;
  }

  /** How many calls are running at its delegates, if the host may still want their answers. */
  get running(): number {
    return this.#inbox.running;
  }

  /** The number of its connection, from 1. The session is lost with that connection. */
  get generation(): number {
    return this.#connection.generation;
  }

  async execute(request: ExecuteRequest, options: WaitOptions = {}): Promise<StartedCell> {
    checkExecute(request, options);
    options.signal?.throwIfAborted();
    this.#checkOpen();
    this.#checkKept();
    const operation = this.#requests.execute(request, options);
    const delegate = request.delegate ?? this.#parts.delegate;
    const { id, answer, first: firstOf } = this.#start(operation, delegate);
    const { cellId } = expected(await answer, 'execution/started');
    const initial = firstOf();
    const cell = this.#inbox.cell(cellId) ?? new RemoteCell(delegate);
    const wait = { id, answer: initial, giveUp: () => this.#connection.preempt(id) };
    const first = this.#await(cell, wait, options);
    first.catch(() => {});
    return { cellId, first };
  }

  run(source: string, options?: RunCellOptions): Promise<CellResult> {
    return runCell(this, source, options);
  }

  async observe(
    cellId: string,
    mode: ObserveMode = DEFAULT_OBSERVE,
    options: WaitOptions = {},
  ): Promise<CellEvent> {
    checkObserve(cellId, mode, options);
    if (this.#isClosed) return missingCell(cellId, 'terminated');
    this.#checkKept();
    options.signal?.throwIfAborted();
    const cell = this.#inbox.cell(cellId) ?? new RemoteCell(this.#parts.delegate);
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
    checkResume(cellId, generation);
    const operation = { method: 'session/resume', sessionId: this.id, cellId, generation } as const;
    const value = await this.#ask(operation);
    return expected(value, 'cell/resumed').outcome;
  }

  async terminate(cellId: string): Promise<CellEvent> {
    checkCellId('Cannot terminate', cellId);
    if (this.#isClosed) return missingCell(cellId, 'terminated');
    this.#checkKept();
    const cell = this.#inbox.cell(cellId);
    const operation = { method: 'session/terminate', sessionId: this.id, cellId } as const;
    const { answer } = this.#connection.request(operation);
    const event = fromOutcome(expected(await answer, 'wait/completed').outcome);
    if (cell?.settled !== undefined) await cell.settled;
    const end = event.type === 'missing' ? cell?.takeEnd() : null;
    return cell === undefined ? event : this.#deliver(cell, end ?? event);
  }

  events(cellId: string, options: EventsOptions = {}): LiveEvents {
    return new EventReader(() => this.#eventsOf(cellId), options);
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

  /**
   * Asks the host to start a cell. If the host reuses the id of a live cell, that cell is left alone.
   *
   * @returns The request, and a function for the first event after the answer, which throws `peer_failed`.
   */
  #start(operation: ExecuteOperation, delegate: Delegate) {
    const cell = this.#inbox.expectCell();
    let initial: Promise<CellEvent> | null = null;
    let failure: unknown = null;
    const { id, answer } = this.#connection.request(operation, (value, id) => {
      const { cellId } = expected(value, 'execution/started');
      initial = this.#connection.initial(id, operation).then(fromResponse);
      initial.catch(() => {});
      try {
        cell.started(cellId, delegate);
      } catch (error) {
        failure = error;
      }
    });
    answer.then(cell.over, cell.over);
    const first = () => {
      if (failure !== null) throw failure;
      return initial!;
    };
    return { id, answer, first };
  }

  /** The event for a caller, with what arrived for earlier ones. */
  #deliver(cell: RemoteCell, event: CellEvent): CellEvent {
    const isOver = event.type !== 'yielded' && event.type !== 'pending';
    if (isOver) this.#inbox.delivered(event.cellId);
    return cell.complete(event);
  }

  #eventsOf(cellId: string): EventSource {
    checkCellId('Cannot follow a cell', cellId);
    if (this.#isClosed) return missingSource(missingCell(cellId, 'terminated'));
    this.#requests.needCellsCapability('reading what happens in a cell');
    this.#checkKept();
    const request = { method: 'session/events', sessionId: this.id, cellId } as const;
    return new RemoteEvents(cellId, {
      subscribe: (after, onEvents) => this.#connection.subscribe({ ...request, after }, onEvents),
      cancel: (id) => this.#connection.cancel(id),
    });
  }

  /** Sessions of a lost host are already closed. */
  async #close(): Promise<void> {
    const operation = { method: 'session/shutdown', sessionId: this.id } as const;
    const { answer } = this.#connection.request(operation);
    try {
      expected(await answer, 'session/closed');
    } catch (error) {
      if (this.#connection.failure === null) throw error;
    } finally {
      this.#isClosed = true;
      this.#parts.registration.release();
      this.#inbox.end();
      this.#parts.onClosed(this);
    }
  }

  /** Waits until the caller stops waiting. A later answer is kept for the next caller. */
  #await(cell: RemoteCell, wait: Wait, { signal, preempt }: WaitOptions): Promise<CellEvent> {
    const { id, answer } = wait;
    return new Promise((resolve, reject) => {
      const goOn = () => this.#connection.preempt(id);
      const giveUp = () => {
        stop();
        isGivenUp = true;
        wait.giveUp();
        cell.abandon(answer);
        reject(signal?.reason);
      };
      let isGivenUp = false;
      const unlinks = [onAbort(signal, giveUp), onAbort(preempt, goOn)];
      const stop = () => {
        for (const unlink of unlinks) unlink();
      };
      answer.then((event) => {
        stop();
        if (!isGivenUp) resolve(this.#deliver(cell, event));
      }, reject);
      answer.catch(stop);
      if (signal?.aborted) giveUp();
      else if (preempt?.aborted) goOn();
    });
  }

  /** Sends a request of `cellhost.cells`. */
  async #ask(operation: Operation): Promise<OperationValue> {
    this.#requests.needCellsCapability(operation.method);
    this.#checkKept();
    return this.#connection.request(operation).answer;
  }

  #checkKept(): void {
    const { failure } = this.#connection;
    if (failure !== null) throw stateLost(failure);
  }

  #checkOpen(): void {
    if (this.#closing === null) return;
    throw new CodeModeError('session_closed', 'code mode session is shutting down');
  }
}
