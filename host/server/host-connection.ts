import { Cancelled, CodeModeError } from '../../src/errors.ts';
import type { HostLimits } from '../core/host-limits.ts';
import { type OpenRequest, OpenRequests } from '../core/open-requests.ts';
import { OutgoingCalls } from '../core/outgoing-calls.ts';
import { REQUEST_LIMITS } from '../core/request-limits.ts';
import type { SessionFactory } from '../core/session-factory.ts';
import { SessionTable } from '../core/session-table.ts';
import { SharedReading } from '../core/shared-reading.ts';
import type { Connection } from '../wire/connection.ts';
import { type RequestId, withExactId } from '../wire/exact-id.ts';
import { LargeMessage } from '../wire/large-message.ts';
import {
  type ClientMessage,
  type Operation,
  readClientMessage,
  requestIdIn,
} from '../wire/protocol.ts';
import { jsonCallOutlet } from './call-outlet.ts';
import { type JsonCalls, OutgoingDelegate } from './outgoing-delegate.ts';
import { performOperation } from './perform-operation.ts';
import { type JsonAnswering, RequestAnswers } from './request-answers.ts';

/** What a connection needs of its host. */
export interface HostConnectionParts {
  /** Assigned by its host, counted from 1. */
  readonly number: number;
  /** Greeted, and used by nothing else. */
  readonly connection: Connection;
  /** The capabilities that the client and this host share. */
  readonly capabilities: ReadonlySet<string>;
  readonly limits: HostLimits;
  readonly sessions: SessionFactory;
}

type DelegateResponse = Extract<ClientMessage, { type: 'delegate/response' }>;

const LARGE_CAPACITY = 4_096;
const SMALL_CAPACITY = 1_024;
const CANCELLABLE = new Set<Operation['method']>(['session/wait', 'session/events']);

/** One client that speaks version 1: checks its messages, and answers each request once. */
export class HostConnection {
  readonly #parts: HostConnectionParts;
  readonly #connection: Connection;
  readonly #requests: OpenRequests<RequestId>;
  readonly #answers: RequestAnswers;
  readonly #calls: JsonCalls;
  readonly #reading: SharedReading;
  readonly #sessions: SessionTable;
  readonly #ended = Promise.withResolvers<Error | null>();
  #isClosing = false;

  constructor(parts: HostConnectionParts) {
    this.#parts = parts;
    const { number, connection, capabilities, limits, sessions } = parts;
    const hasCellsCapability = capabilities.has('cellhost.cells');
    this.#connection = connection;
    this.#requests = new OpenRequests(limits.maxRequests);
    this.#answers = new RequestAnswers(connection, hasCellsCapability, limits.maxUnreadBytes);
    const calls: JsonCalls = new OutgoingCalls(jsonCallOutlet(connection, hasCellsCapability), {
      capacity: capacityOf(capabilities),
      answersCancelled: hasCellsCapability,
    });
    this.#calls = calls;
    this.#reading = new SharedReading(connection);
    this.#sessions = new SessionTable({
      factory: sessions,
      holder: `connection ${number} (${connection.peer})`,
      reading: this.#reading,
      closedRule: hasCellsCapability ? 'callbacks-over' : 'answers-sent',
      // A wait of version 1 lasts until the notifications are delivered.
      yieldsWhileDraining: hasCellsCapability,
      // A client of version 1 has told its model the identifiers already.
      asciiToolNames: !hasCellsCapability,
      delegateOf: (sessionId) => new OutgoingDelegate(calls, sessionId, hasCellsCapability),
      onCellClosed: (sessionId, cellId) =>
        connection.send({ type: 'cell/closed', sessionId, cellId }),
    });
    connection.take({
      message: (value, text) => this.#receive(value, text),
      large: (body) => new LargeMessage(body, REQUEST_LIMITS),
      read: ({ message, refused }) =>
        refused === undefined ? this.#take(message, null) : this.#refuse(message, refused),
      lastWords: (error) => this.#answers.lastWords(error),
      closed: (error) => void this.#closed(error),
    });
    connection.resume();
  }

  /** Resolves when the connection and its sessions have ended: null after a clean end. */
  get ended(): Promise<Error | null> {
    return this.#ended.promise;
  }

  /** Closes every session, answers every request, and closes the connection. */
  async close(): Promise<void> {
    this.#isClosing = true;
    // A client that does not read its answers has as long as the connection takes to close.
    this.#answers.endWithin(this.#connection.closeWithinMs);
    await this.#sessions.closeAll();
    await this.#connection.close();
  }

  #receive(value: unknown, text: string): void {
    this.#take(withExactId(value, text), text);
  }

  /** @param text The text of a message that was parsed whole. */
  #take(value: unknown, text: string | null): void {
    if (isHello(value)) throw new Error('received a second code-mode client hello');
    const message = this.#read(value);
    switch (message?.type) {
      case 'operation/request':
        return this.#start(message.id, message.request);
      case 'operation/cancel':
        return this.#requests.cancel(message.id, cancelled());
      case 'operation/yield':
        return this.#requests.preempt(message.id);
      case 'delegate/response':
        return this.#answered(message, text);
    }
  }

  /** Undefined for a malformed request, which is answered with an error; other requests continue. */
  #read(value: unknown): ClientMessage | undefined {
    try {
      return readClientMessage(value);
    } catch (error) {
      this.#refuse(value, error);
      return undefined;
    }
  }

  #refuse(value: unknown, error: unknown): void {
    const id = requestIdIn(value);
    if (id === undefined) throw error;
    this.#requests.refuse(id);
    this.#answers.malformed(id, error);
    this.#rest();
  }

  /** The ids of this host are exact numbers, so an answer with a bigint belongs to no call. */
  #answered({ id, result }: DelegateResponse, text: string | null): void {
    if (typeof id === 'number') this.#calls.answer(id, { id, result, text });
  }

  #start(id: RequestId, operation: Operation): void {
    const answering = this.#answers.to(id);
    this.#requests.start(id, {
      isCancellable: CANCELLABLE.has(operation.method),
      perform: (request) => this.#perform(operation, request, answering),
      fail: (error) => answering.fail(error),
    });
    this.#rest();
  }

  /** Reads nothing more until the client has read its answers. */
  #rest(): void {
    const drained = this.#connection.drained();
    if (drained === undefined) return;
    this.#reading.pause();
    void drained.then(() => this.#reading.resume());
  }

  #perform(
    operation: Operation,
    { cancel, preempt }: OpenRequest,
    answering: JsonAnswering,
  ): Promise<void> {
    if (this.#isClosing) throw shuttingDown();
    if ('request' in operation && operation.request.preempted) preempt.abort();
    const options = { signal: cancel.signal, preempt: preempt.signal };
    return performOperation(operation, options, answering, {
      sessions: this.#sessions,
      ready: this.#parts.sessions.ready,
    });
  }

  async #closed(error: Error | null): Promise<void> {
    this.#isClosing = true;
    this.#calls.failAll(new Error('code-mode client connection closed'));
    this.#requests.cancelAll(new Cancelled('disconnect'));
    await this.#sessions.closeAll();
    this.#ended.resolve(error);
  }
}

function capacityOf(capabilities: ReadonlySet<string>): number {
  if (capabilities.has('cellhost.cells')) return Number.POSITIVE_INFINITY;
  return capabilities.has('delegate-capacity-4096') ? LARGE_CAPACITY : SMALL_CAPACITY;
}

function isHello(value: unknown): boolean {
  return (value as { type?: unknown } | null)?.type === 'connection/hello';
}

function cancelled(): CodeModeError {
  return new CodeModeError('cancelled', 'code-mode request cancelled');
}

function shuttingDown(): CodeModeError {
  return new CodeModeError('session_closed', 'code-mode host is shutting down');
}
