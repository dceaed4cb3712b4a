import { randomUUID } from 'node:crypto';
import { CodeModeError } from '../../../src/errors.ts';
import type { CellEvent } from '../../../src/events.ts';
import { missingCell } from '../../../src/runtime/missing.ts';
import type { ExecuteRequest } from '../../../src/session.ts';
import type { ToolDefinition } from '../../../src/tools.ts';
import { onAbort } from '../../../src/waiting/on-abort.ts';
import type { AnswerTimes } from '../../remote/answer-times.ts';
import type { AskedEnds } from '../../remote/asked-ends.ts';
import type { Asked, AskedExecute, CellWait, SessionLink } from '../../remote/host-link.ts';
import { ToolLists } from '../../remote/tool-lists.ts';
import type { ExecuteEvent, YieldObservationRequest } from '../generated/code-mode.ts';
import { StatusError } from '../status.ts';
import type { AskedCall, AskedCalls, AskedUnary } from './asked-calls.ts';
import { senseless, toEvent } from './from-messages.ts';
import type { Lease } from './lease.ts';
import type { RequestOf, ResponseOf, UnaryName } from './method-types.ts';
import { toCodeModeError } from './status-codes.ts';
import { toMilliseconds, toToolMessage } from './to-messages.ts';

/** What a session of a gRPC host is made of. */
export interface GrpcSessionParts {
  readonly sessionId: string;
  readonly calls: AskedCalls;
  readonly times: AnswerTimes;
  readonly ends: AskedEnds;
  readonly lease: Lease;
  /** Aborts with the reason when the session is lost. */
  readonly lost: AbortSignal;
  /** The default tools of a cell. */
  readonly tools: readonly ToolDefinition[];
  /** Called when it was closed. */
  closed(): void;
}

/** The longest id of a cell. */
const MAX_ID_BYTES = 256;

type Observation = NonNullable<YieldObservationRequest['observation']>;

/** One session of a connection that speaks gRPC. See `SessionLink`. */
export class GrpcSession implements SessionLink {
  readonly own = null;
  readonly #parts: GrpcSessionParts;
  readonly #tools = new ToolLists(toToolMessage, true);
  /** Executes and waits that are not answered. */
  readonly #open = new Set<AskedCall>();

  constructor(parts: GrpcSessionParts) {
    this.#parts = parts;
    onAbort(parts.lost, () => {
      for (const call of this.#open) call.cancel();
    });
  }

  get failure(): Error | null {
    return this.#parts.lease.failure;
  }

  execute(
    request: ExecuteRequest,
    { mode }: CellWait,
    onStarted: (cellId: string) => void,
  ): AskedExecute {
    const { calls, times, lease } = this.#parts;
    const executionId = randomUUID();
    const untilEnded = (cellId: string) => lease.untilEnded(cellId);
    const execution = new Execution(untilEnded, (cellId) => {
      // A host has nothing to say before the wait is over.
      call.expect('Execute with a first outcome', times.waitMs(mode));
      onStarted(cellId);
    });
    const call = calls.follow(
      'execute',
      this.#toMessage(request, executionId, mode),
      lease.headers,
      {
        message: (event) => execution.happened(event),
        ended: (error, end) => {
          this.#open.delete(call);
          if (error !== null) lease.failed(end);
          execution.ended(error === null ? null : this.#toError(error), lease.isClosing);
        },
      },
    );
    call.expect('Execute', times.givenUpMs);
    this.#open.add(call);
    const preempt = () => this.#preempt(call, { $case: 'executionId', value: executionId });
    return { started: execution.started, first: () => execution.first, preempt };
  }

  wait(cellId: string, { mode }: CellWait): Asked<CellEvent> {
    const { sessionId, times } = this.#parts;
    if (!isPossible(cellId)) {
      const answer = Promise.resolve(missingCell(cellId, 'unknown'));
      return { answer, cancel: () => {}, preempt: () => {} };
    }
    const waitId = randomUUID();
    const yieldTimeMs = 'pending' in mode ? 0n : toMilliseconds(mode.yieldAfterMs);
    const request = { sessionId, cellId, waitId, yieldTimeMs };
    const call = this.#ask('wait', request, times.waitMs(mode));
    this.#open.add(call);
    const answer = this.#settle(call, cellId);
    answer.catch(() => {});
    return {
      answer,
      cancel: () => {
        call.hurry(times.givenUpMs);
        this.#tell('cancelWait', { sessionId, waitId });
      },
      preempt: () => this.#preempt(call, { $case: 'waitId', value: waitId }),
    };
  }

  async terminate(cellId: string): Promise<CellEvent> {
    const { sessionId, times, ends, lease } = this.#parts;
    if (!isPossible(cellId)) return missingCell(cellId, 'unknown');
    ends.noteTerminate(sessionId, cellId);
    lease.hurry(cellId);
    return this.#settle(this.#ask('terminate', { sessionId, cellId }, times.endMs), cellId);
  }

  async close(): Promise<void> {
    const { sessionId, times, ends, lease } = this.#parts;
    ends.noteClose(sessionId);
    lease.close();
    const call = this.#ask('closeSession', { sessionId }, times.endMs);
    try {
      await Promise.race([call.answer, lease.ended]);
    } catch (error) {
      throw this.#toError(error);
    } finally {
      call.cancel();
      lease.drop();
      this.#parts.closed();
      for (const call of this.#open) call.hurry(times.givenUpMs);
    }
  }

  #toMessage(
    { source, callId, tools = this.#parts.tools }: ExecuteRequest,
    executionId: string,
    mode: CellWait['mode'],
  ): RequestOf<'execute'> {
    return {
      sessionId: this.#parts.sessionId,
      executionId,
      // An id is wanted; the notifications of the cell carry it.
      toolCallId: callId ?? executionId,
      source,
      enabledTools: this.#tools.of(tools),
      yieldTimeMs: 'pending' in mode ? 0n : toMilliseconds(mode.yieldAfterMs),
    };
  }

  async #settle(
    call: AskedUnary<ResponseOf<'wait' | 'terminate'>>,
    cellId: string,
  ): Promise<CellEvent> {
    const { lease } = this.#parts;
    try {
      const { outcome } = await call.answer;
      if (outcome?.$case === 'missingCell') return missingCell(cellId, 'unknown');
      return await inOrder(toEvent(outcome?.value), (id) => lease.untilEnded(id));
    } catch (error) {
      if (lease.isClosing && this.failure === null) return terminated(cellId);
      throw this.#toError(error);
    } finally {
      this.#open.delete(call);
    }
  }

  #preempt(call: AskedCall, observation: Observation): void {
    const { sessionId, times } = this.#parts;
    call.hurry(times.givenUpMs);
    this.#tell('yieldObservation', { sessionId, observation });
  }

  /** Sends a request whose answer says nothing. */
  #tell<K extends UnaryName>(method: K, request: RequestOf<K>): void {
    this.#ask(method, request, this.#parts.times.givenUpMs).answer.catch(() => {});
  }

  #ask<K extends UnaryName>(
    method: K,
    request: RequestOf<K>,
    ms: number,
  ): AskedUnary<ResponseOf<K>> {
    const { calls, lease } = this.#parts;
    return calls.ask(method, request, ms, lease.headers, (end) => lease.failed(end));
  }

  #toError(error: unknown): unknown {
    if (this.failure !== null) return this.failure;
    return error instanceof StatusError ? toCodeModeError(error) : error;
  }
}

/** One execute, from its request to its first outcome. */
class Execution {
  readonly #untilEnded: (cellId: string) => Promise<void>;
  readonly #onStarted: (cellId: string) => void;
  readonly #started = Promise.withResolvers<string>();
  readonly #first = Promise.withResolvers<CellEvent>();
  #cellId: string | null = null;

  constructor(untilEnded: (cellId: string) => Promise<void>, onStarted: (cellId: string) => void) {
    this.#untilEnded = untilEnded;
    this.#onStarted = onStarted;
    for (const { promise } of [this.#started, this.#first]) promise.catch(() => {});
  }

  get started(): Promise<string> {
    return this.#started.promise;
  }

  get first(): Promise<CellEvent> {
    return this.#first.promise;
  }

  /** @throws StatusError if the event makes no sense. */
  happened({ event }: ExecuteEvent): void {
    switch (event?.$case) {
      case 'started': {
        const { cellId } = event.value;
        if (this.#cellId !== null) throw senseless(`the start of cell ${cellId} twice`);
        this.#cellId = cellId;
        this.#onStarted(cellId);
        return this.#started.resolve(cellId);
      }
      case 'outcome': {
        const outcome = toEvent(event.value);
        if (outcome.cellId !== this.#cellId) {
          throw senseless(`an outcome of cell ${outcome.cellId} to another execute`);
        }
        return this.#first.resolve(inOrder(outcome, this.#untilEnded));
      }
      case undefined:
        // An event of a newer host.
        return;
    }
  }

  /** @param isClosing Whether this side has closed the session, which ends executes without an outcome. */
  ended(error: unknown, isClosing: boolean): void {
    const early = 'code-mode host ended an execute without an outcome';
    const failure = error ?? new CodeModeError('peer_failed', early);
    this.#started.reject(failure);
    if (isClosing && this.#cellId !== null) {
      this.#first.resolve(terminated(this.#cellId));
    } else this.#first.reject(failure);
  }
}

/** A completion comes after everything else about its cell, which arrives on other streams. */
function inOrder(
  event: CellEvent,
  untilEnded: (cellId: string) => Promise<void>,
): CellEvent | Promise<CellEvent> {
  return event.type === 'completed' ? untilEnded(event.cellId).then(() => event) : event;
}

function terminated(cellId: string): CellEvent {
  return { type: 'terminated', cellId, items: [] };
}

/** Whether a host may have a cell of that id. */
function isPossible(cellId: string): boolean {
  return cellId !== '' && Buffer.byteLength(cellId) <= MAX_ID_BYTES;
}
