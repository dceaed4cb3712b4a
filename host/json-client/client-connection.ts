import { CodeModeError } from '../../src/errors.ts';
import type { LiveEvent } from '../../src/live-events.ts';
import { startTimer } from '../../src/waiting/timer.ts';
import { AskedEnds } from '../remote/asked-ends.ts';
import type { HostLink, SessionOpening, WantedSession } from '../remote/host-link.ts';
import { connectionLost } from '../remote/peer-errors.ts';
import { type SessionRouter, sessionRouter } from '../remote/session-traffic.ts';
import { OWN_CAPABILITIES, V1_CAPABILITIES } from '../wire/capabilities.ts';
import { Connection } from '../wire/connection.ts';
import { readHostHello } from '../wire/handshake.ts';
import {
  type Operation,
  type OperationValue,
  type RuntimeResponse,
  readHostMessage,
} from '../wire/protocol.ts';
import type { Transport } from '../wire/transport.ts';
import { AskedRequests, type SentRequest, unexpected } from './asked-requests.ts';
import { IncomingCalls } from './incoming-calls.ts';
import { jsonOpening } from './json-opening.ts';

/** Options of a connection to a host. */
export interface ClientConnectionOptions {
  /** The number of this connection at its client, from 1. Default 1. */
  readonly generation?: number | undefined;
  /** See `GreetOptions`. */
  readonly answerWithinMs?: number | undefined;
}

const OPTIONAL = [...V1_CAPABILITIES, ...OWN_CAPABILITIES];
const HELLO_MS = 10_000;
const ANSWER_WITHIN_MS = 10_000;

/** The client's side of a connection that speaks JSON: sends requests to the host, and passes the host's requests to sessions. */
export class ClientConnection implements HostLink {
  /** The number of this connection at its client, from 1. */
  readonly generation: number;
  readonly #connection: Connection;
  readonly #requests: AskedRequests;
  readonly #router = sessionRouter();
  readonly #ends = new AskedEnds();
  readonly #incoming: IncomingCalls;
  readonly #lost = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<Error>();
  #capabilities: ReadonlySet<string> | null = null;
  #failure: Error | null = null;

  constructor(transport: Transport, options: ClientConnectionOptions = {}) {
    const { generation = 1, answerWithinMs = ANSWER_WITHIN_MS } = options;
    this.generation = generation;
    this.#connection = new Connection(transport);
    this.#requests = new AskedRequests(this.#connection, answerWithinMs);
    this.#incoming = new IncomingCalls(this.#connection, this.#router, this.#ends);
    this.#ready.promise.catch(() => {});
    this.#connection.start({
      message: (value, text) => this.#receive(value, text.length),
      closed: (error) => this.#end(connectionLost(error)),
    });
  }

  /**
   * Greets the host.
   *
   * @throws `handshake_failed`, `connection_lost`; the connection is then closed.
   */
  async greet(helloMs = HELLO_MS): Promise<this> {
    const timer = startTimer(() => {
      const text = `timed out negotiating with the code-mode host after ${helloMs} ms`;
      this.#connection.fail(new CodeModeError('handshake_failed', text));
    }, helloMs);
    this.#connection.send({
      type: 'connection/hello',
      supportedVersions: [1],
      requiredCapabilities: [],
      optionalCapabilities: OPTIONAL,
    });
    try {
      await this.#ready.promise;
      return this;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the host has a capability. */
  has(capability: string): boolean {
    return this.#capabilities?.has(capability) === true;
  }

  /** Why it ended; null while it is open. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Resolves with the reason when the connection ends. */
  get ended(): Promise<Error> {
    return this.#ended.promise;
  }

  /** Aborts with the reason when the connection ends, after all waiting callers were rejected. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** How many requests of the host are unanswered. */
  get unanswered(): number {
    return this.#incoming.size;
  }

  /** Routes the host's messages to sessions. */
  get router(): SessionRouter {
    return this.#router;
  }

  opening(wanted: WantedSession): SessionOpening {
    return jsonOpening(this, wanted);
  }

  /**
   * Sends a request.
   *
   * @param onValue Called in place, before the host's next message is read.
   * @throws `limit_exceeded` if it does not fit in a frame; the host's error.
   */
  request(
    request: Operation,
    onValue?: (value: OperationValue, id: number) => void,
  ): SentRequest<OperationValue> {
    if (request.method === 'session/shutdown') this.#ends.noteClose(request.sessionId);
    if (request.method === 'session/terminate') {
      this.#ends.noteTerminate(request.sessionId, request.cellId);
    }
    return this.#requests.request(request, onValue);
  }

  /**
   * Sends a request whose answer may be malformed; the caller decodes it.
   *
   * @param onResult Called in place, before the host's next message is read. Must not throw.
   * @throws Like `request`.
   */
  requestUnread(request: Operation, onResult: (result: unknown) => void): Promise<void> {
    return this.#requests.requestUnread(request, onResult);
  }

  /** Like `request`, for a subscription. @param onEvents Called in place, until the request is answered. */
  subscribe(
    request: Operation,
    onEvents: (events: readonly LiveEvent[]) => void,
  ): SentRequest<OperationValue> {
    return this.#requests.subscribe(request, onEvents);
  }

  /** The first event of a cell. Call it in place when its execute is answered. */
  initial(
    id: number,
    request: Extract<Operation, { method: 'session/execute' }>,
  ): Promise<RuntimeResponse> {
    return this.#requests.initial(id, request);
  }

  /** Aborts a wait. The host answers with `cancelled`, or with an event that came first. */
  cancel(id: number): void {
    this.#requests.cancel(id);
  }

  /** Ends a wait early. The answer has the output so far. */
  preempt(id: number): void {
    if (this.has('yield-observation')) this.#requests.preempt(id);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Ends the connection at once, for this reason, unless it has already ended. */
  destroy(error: Error): void {
    if (this.#failure === null) this.#connection.fail(error);
  }

  #receive(value: unknown, size: number): void {
    if (this.#capabilities === null) {
      this.#capabilities = new Set(readHostHello(value, []));
      this.#requests.greeted(this.has('cellhost.cells'));
      this.#incoming.greeted(this.has('cellhost.cells'));
      return this.#ready.resolve();
    }
    const requests = this.#requests;
    if (requests.isForItsSender(value)) return requests.answered(value.id, value.result);
    const message = readHostMessage(value);
    switch (message.type) {
      case 'operation/response':
        return requests.answered(message.id, message.result);
      case 'execute/initialResponse':
        return requests.toldFirst(message.id, message.result);
      case 'delegate/request':
        if (this.#incoming.take(message, size)) return;
        throw unexpected(`a second delegate request ${message.id}`);
      case 'delegate/cancel':
        // A host with `cellhost.cells` still waits for the end of the call; others accept no late answer.
        return this.#incoming.cancel(message.id, message.reason);
      case 'cell/closed':
        this.#router.route(message.sessionId, { kind: 'event', message, bytes: size });
        return;
      case 'cell/events':
        // The types differ only in absent fields.
        return requests.happened(message.id, message.events as readonly LiveEvent[]);
      case 'connection/failed':
        throw new Error(`the host ended it: ${message.message}`);
    }
  }

  #end(error: Error): void {
    const cause = error.cause instanceof CodeModeError ? error.cause : error;
    this.#failure = cause;
    this.#ready.reject(cause);
    this.#requests.failAll(cause);
    this.#incoming.clear();
    this.#router.close(cause);
    this.#lost.abort(cause);
    this.#ended.resolve(cause);
  }
}
