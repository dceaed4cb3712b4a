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
import { onAbort } from '../../src/waiting/on-abort.ts';
import type { CellWait, OwnRequests, SessionLink } from './host-link.ts';
import { stateLost } from './peer-errors.ts';
import { RemoteCell } from './remote-cell.ts';
import { RemoteEvents } from './remote-events.ts';
import type { SessionInbox } from './session-inbox.ts';
import type { SessionTraffic } from './session-traffic.ts';

/** What a session in another process is made of. */
export interface RemoteSessionParts {
  readonly link: SessionLink;
  /** The number of its connection, from 1. */
  readonly generation: number;
  /** The registration of its id, released when it is closed. */
  readonly registration: Registration<SessionTraffic>;
  /** The address where it can be watched; undefined if there is none. */
  readonly remoteUrl: string | undefined;
  readonly inbox: SessionInbox;
  readonly delegate: Delegate;
  /** Called once, when it is closed and the host was informed. */
  readonly onClosed: (session: RemoteSession) => void;
}

interface Wait {
  readonly answer: Promise<CellEvent>;
  /** Ends it early. */
  readonly preempt: () => void;
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
  /** The number of its connection, from 1. The session is lost with that connection. */
  readonly generation: number;
  readonly #link: SessionLink;
  readonly #parts: RemoteSessionParts;
  readonly #inbox: SessionInbox;
  #closing: Promise<void> | null = null;
  #isClosed = false;

  /** @internal */
  constructor(parts: RemoteSessionParts) {
    this.id = parts.registration.id;
    this.remoteUrl = parts.remoteUrl;
    this.generation = parts.generation;
    this.#parts = parts;
    this.#link = parts.link;
    this.#inbox = parts.inbox;
  }

  /** Resolves when it is closed or lost, with the reason. */
  get ended(): Promise<Error> {
    return this.#inbox.over;
  }

  /** How many calls are running at its delegates, if the host may still want their answers. */
  get running(): number {
    return this.#inbox.running;
  }

  async execute(request: ExecuteRequest, options: WaitOptions = {}): Promise<StartedCell> {
    checkExecute(request, options);
    options.signal?.throwIfAborted();
    this.#checkOpen();
    this.#checkKept();
    const wanted = this.#waitFor(request.observe ?? DEFAULT_OBSERVE, options);
    const delegate = request.delegate ?? this.#parts.delegate;
    const { started, first: firstOf, preempt } = this.#start(request, wanted, delegate);
    const cellId = await started;
    const initial = firstOf();
    const cell = this.#inbox.cell(cellId) ?? new RemoteCell(delegate);
    const first = this.#await(cell, { answer: initial, preempt, giveUp: preempt }, options);
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
    const asked = this.#link.wait(cellId, this.#waitFor(mode, options));
    const { answer, preempt, cancel: giveUp } = asked;
    return this.#await(cell, { answer, preempt, giveUp }, options);
  }

  async resume(
    cellId: string,
    generation: number,
  ): Promise<'resumed' | 'already-running' | 'missing'> {
    checkResume(cellId, generation);
    return this.#own('session/resume').resume(cellId, generation);
  }

  async terminate(cellId: string): Promise<CellEvent> {
    checkCellId('Cannot terminate', cellId);
    if (this.#isClosed) return missingCell(cellId, 'terminated');
    this.#checkKept();
    const cell = this.#inbox.cell(cellId);
    const event = await this.#link.terminate(cellId);
    if (cell?.settled !== undefined) await cell.settled;
    const end = event.type === 'missing' ? cell?.takeEnd() : null;
    return cell === undefined ? event : this.#deliver(cell, end ?? event);
  }

  events(cellId: string, options: EventsOptions = {}): LiveEvents {
    return new EventReader(() => this.#eventsOf(cellId), options);
  }

  async cells(): Promise<readonly CellSummary[]> {
    return this.#own('session/cells').cells();
  }

  async values(): Promise<ReadonlyMap<string, unknown>> {
    return this.#own('session/values').values();
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
   * @returns The request; its `first` throws `peer_failed` then.
   */
  #start(request: ExecuteRequest, wait: CellWait, delegate: Delegate) {
    const cell = this.#inbox.expectCell();
    let failure: unknown = null;
    const onStarted = (cellId: string) => {
      try {
        cell.started(cellId, delegate);
      } catch (error) {
        failure = error;
      }
    };
    try {
      const { started, first: firstOf, preempt } = this.#link.execute(request, wait, onStarted);
      started.then(cell.over, cell.over);
      const first = () => {
        if (failure !== null) throw failure;
        return firstOf();
      };
      return { started, first, preempt };
    } catch (error) {
      cell.over();
      throw error;
    }
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
    const own = this.#own('reading what happens in a cell');
    return new RemoteEvents(cellId, (after, onEvents) => own.events(cellId, after, onEvents));
  }

  /** Sessions of a lost host are already closed. */
  async #close(): Promise<void> {
    try {
      await this.#link.close();
    } catch (error) {
      if (this.#link.failure === null) throw error;
    } finally {
      this.#isClosed = true;
      this.#parts.registration.release();
      this.#inbox.end();
      this.#parts.onClosed(this);
    }
  }

  /** Waits until the caller stops waiting. A later answer is kept for the next caller. */
  #await(cell: RemoteCell, wait: Wait, { signal, preempt }: WaitOptions): Promise<CellEvent> {
    const { answer } = wait;
    return new Promise((resolve, reject) => {
      const goOn = () => wait.preempt();
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

  /** @throws `unsupported` for the frontiers of a host that lacks `cellhost.cells`. */
  #waitFor(mode: ObserveMode, { preempt }: WaitOptions): CellWait {
    if ('pending' in mode && this.#link.own === null) throw unsupported('waiting for a frontier');
    return { mode, isPreempted: preempt?.aborted === true };
  }

  /** @throws `unsupported` if the host lacks `cellhost.cells`; `state_lost`. */
  #own(what: string): OwnRequests {
    if (this.#link.own === null) throw unsupported(what);
    this.#checkKept();
    return this.#link.own;
  }

  #checkKept(): void {
    const { failure } = this.#link;
    if (failure !== null) throw stateLost(failure);
  }

  #checkOpen(): void {
    if (this.#closing === null) return;
    throw new CodeModeError('session_closed', 'code mode session is shutting down');
  }
}

function unsupported(what: string): CodeModeError {
  const text = `Cannot do this with the code-mode host: ${what} needs its capability cellhost.cells`;
  return new CodeModeError('unsupported', text);
}
