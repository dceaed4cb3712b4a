import { CodeModeError, messageOf } from '../../src/errors.ts';
import type { LiveEvent } from '../../src/live-events.ts';
import { PendingCalls } from '../core/pending-calls.ts';
import { AnswerDeadlines } from '../remote/answer-deadlines.ts';
import { AnswerTimes } from '../remote/answer-times.ts';
import { failureIn, toError } from '../remote/peer-errors.ts';
import type { Connection } from '../wire/connection.ts';
import { FrameTooLargeError } from '../wire/frame-too-large.ts';
import type { HostMessage, Operation, OperationValue, RuntimeResponse } from '../wire/protocol.ts';
import { modeOf } from './session-requests.ts';

/** A request that was sent, and its answer. */
export interface SentRequest<T> {
  readonly id: number;
  readonly answer: Promise<T>;
}

type Execute = Extract<Operation, { method: 'session/execute' }>;
type OperationAnswer = Extract<HostMessage, { type: 'operation/response' }>['result'];
type InitialAnswer = Extract<HostMessage, { type: 'execute/initialResponse' }>['result'];

/** The unanswered requests of a client to its host. */
export class AskedRequests {
  readonly #connection: Connection;
  readonly #operations = new PendingCalls<unknown>();
  /** Requests whose senders decode the answer. */
  readonly #unread = new Set<number>();
  readonly #subscribers = new Map<number, (events: readonly LiveEvent[]) => void>();
  readonly #initials = new Map<number, (answer: InitialAnswer | Error) => void>();
  readonly #deadlines: AnswerDeadlines;
  #times = new AnswerTimes(false);

  /** @param answerWithinMs How late an answer may be before the connection fails, in milliseconds. */
  constructor(connection: Connection, answerWithinMs: number) {
    this.#connection = connection;
    this.#deadlines = new AnswerDeadlines(answerWithinMs, (error) => connection.fail(error));
  }

  /** The host was greeted. @param hasCellsCapability Whether it has `cellhost.cells`. */
  greeted(hasCellsCapability: boolean): void {
    this.#times = new AnswerTimes(hasCellsCapability);
  }

  /** See `ClientConnection.request`. */
  request(
    request: Operation,
    onValue?: (value: OperationValue, id: number) => void,
  ): SentRequest<OperationValue> {
    const { promise, resolve, reject } = Promise.withResolvers<OperationValue>();
    const answered = (answer: OperationAnswer) => {
      if (answer.status === 'error') return reject(toError(answer));
      try {
        onValue?.(answer.value, id);
        resolve(answer.value);
      } catch (error) {
        reject(error);
        throw error;
      }
    };
    const id = this.#operations.open({
      answered: (answer) => answered(answer as OperationAnswer),
      failed: reject,
    });
    this.#send(id, request, reject);
    return { id, answer: promise };
  }

  /** See `ClientConnection.requestUnread`. */
  requestUnread(request: Operation, onResult: (result: unknown) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const answered = (answer: unknown) => {
      this.#unread.delete(id);
      const failure = failureIn(answer);
      if (failure !== null) return reject(toError(failure));
      onResult(answer);
      resolve();
    };
    const id = this.#operations.open({ answered, failed: reject });
    this.#unread.add(id);
    this.#send(id, request, reject);
    return promise;
  }

  /** See `ClientConnection.subscribe`. */
  subscribe(
    request: Operation,
    onEvents: (events: readonly LiveEvent[]) => void,
  ): SentRequest<OperationValue> {
    const sent = this.request(request);
    this.#subscribers.set(sent.id, onEvents);
    const over = () => void this.#subscribers.delete(sent.id);
    sent.answer.then(over, over);
    return sent;
  }

  /** See `ClientConnection.initial`. */
  initial(id: number, request: Execute): Promise<RuntimeResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<RuntimeResponse>();
    this.#initials.set(id, (answer) => {
      if (answer instanceof Error) reject(answer);
      else if (answer.status === 'ok') resolve(answer.value);
      else reject(toError(answer));
    });
    this.#deadlines.expect(
      id,
      'session/execute with a first event',
      this.#times.waitMs(modeOf(request.request)),
    );
    return promise;
  }

  /** Asks the host to answer soon, because the caller stopped waiting. */
  cancel(id: number): void {
    this.#deadlines.hurry(id, this.#times.givenUpMs);
    this.#connection.send({ type: 'operation/cancel', id });
  }

  /** Asks the host to answer soon, with the output so far. */
  preempt(id: number): void {
    this.#deadlines.hurry(id, this.#times.givenUpMs);
    this.#connection.send({ type: 'operation/yield', id });
  }

  /** Whether this answers a request whose sender decodes the answer. */
  isForItsSender(value: unknown): value is { readonly id: number; readonly result: unknown } {
    if (this.#unread.size === 0) return false;
    const { type, id } = value as Readonly<Record<string, unknown>>;
    return type === 'operation/response' && typeof id === 'number' && this.#unread.has(id);
  }

  /** @throws `connection_lost` if no request waits for it. */
  answered(id: number, result: unknown): void {
    this.#deadlines.settle(id);
    if (!this.#operations.settle(id, result)) throw unexpected(`an answer to request ${id}`);
  }

  /** @throws `connection_lost` if no request waits for it. */
  toldFirst(id: number, result: InitialAnswer): void {
    const initial = this.#initials.get(id);
    if (initial === undefined) throw unexpected(`an initial response to request ${id}`);
    this.#deadlines.settle(id);
    this.#initials.delete(id);
    initial(result);
  }

  /** Events for a subscription, which may have ended. */
  happened(id: number, events: readonly LiveEvent[]): void {
    this.#subscribers.get(id)?.(events);
  }

  /** Fails every request, later ones too. */
  failAll(cause: Error): void {
    this.#deadlines.clear();
    this.#operations.failAll(cause);
    this.#unread.clear();
    const initials = [...this.#initials.values()];
    this.#initials.clear();
    for (const fail of initials) fail(cause);
  }

  #send(id: number, request: Operation, reject: (error: unknown) => void): void {
    if (!this.#operations.has(id)) return;
    try {
      this.#connection.send({ type: 'operation/request', id, request });
      this.#deadlines.expect(id, request.method, ownMs(request, this.#times));
    } catch (error) {
      this.#operations.drop(id);
      this.#unread.delete(id);
      reject(unsendable(error, request.method));
    }
  }
}

/** The error for an answer that the client did not request. */
export function unexpected(what: string): CodeModeError {
  return new CodeModeError('connection_lost', `code-mode host sent ${what} that nobody waits for`);
}

function unsendable(error: unknown, method: string): CodeModeError {
  const why = messageOf(error);
  if (!(error instanceof FrameTooLargeError)) {
    return new CodeModeError('invalid_argument', `Cannot send ${method}: ${why}`, { cause: error });
  }
  const what = method.replace('session/', '');
  const text = `code-mode ${what} request exceeds the IPC frame limit: ${why}`;
  return new CodeModeError('limit_exceeded', text);
}

/** Until the answer; for an execute, until the cell has started. */
function ownMs(request: Operation, times: AnswerTimes): number {
  switch (request.method) {
    case 'session/open':
    case 'session/create':
      return times.openMs;
    case 'session/wait':
      return times.waitMs(modeOf(request.request));
    case 'session/terminate':
    case 'session/shutdown':
      return times.endMs;
    case 'session/events':
      return Number.POSITIVE_INFINITY;
    case 'session/execute':
    case 'session/resume':
    case 'session/cells':
    case 'session/values':
      return times.givenUpMs;
  }
}
