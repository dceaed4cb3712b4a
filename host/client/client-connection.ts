import { CodeModeError } from '../../src/errors.ts';
import type { LiveEvent } from '../../src/live-events.ts';
import { PendingRouter } from '../../src/pending-router.ts';
import { startTimer } from '../../src/timer.ts';
import { OWN_CAPABILITIES, V1_CAPABILITIES } from '../capabilities.ts';
import { Connection, FrameTooLargeError } from '../connection.ts';
import { readHostHello } from '../handshake.ts';
import { PendingCalls } from '../pending-calls.ts';
import {
  type HostMessage,
  type Operation,
  type OperationValue,
  type RuntimeResponse,
  readHostMessage,
} from '../protocol.ts';
import type { Transport } from '../transport.ts';
import { AskedEnds } from './asked-ends.ts';
import { DelegatedRequests } from './delegated-requests.ts';
import type { SessionRouter, SessionTraffic } from './session-traffic.ts';
import { connectionLost, failureIn, toError } from './wire-errors.ts';

/** What was sent, and what comes back. */
export interface Sent<T> {
  readonly id: number;
  readonly answer: Promise<T>;
}

type OperationAnswer = Extract<HostMessage, { type: 'operation/response' }>['result'];
type InitialAnswer = Extract<HostMessage, { type: 'execute/initialResponse' }>['result'];

const OPTIONAL = [...V1_CAPABILITIES, ...OWN_CAPABILITIES];
const HELLO_MS = 10_000;
/** A thousand sessions may be on their way at once, and something may wait for each. */
const ROUTER_LIMITS = { maxPendingIds: 1_024, maxTombstones: 4_096, maxParkedBytes: 64 << 20 };

/** A client's side of a connection: asks the host, and hands what the host asks to its sessions. */
export class ClientConnection {
  /** Which connection of its client this is, from 1. */
  readonly generation: number;
  readonly #connection: Connection;
  readonly #operations = new PendingCalls<unknown>();
  /** Requests whose answers are read by those who sent them. */
  readonly #unread = new Set<number>();
  readonly #subscribers = new Map<number, (events: readonly LiveEvent[]) => void>();
  readonly #initials = new Map<number, (answer: InitialAnswer | Error) => void>();
  readonly #router: SessionRouter = new PendingRouter<SessionTraffic>({ limits: ROUTER_LIMITS });
  readonly #ends = new AskedEnds();
  readonly #delegated: DelegatedRequests;
  readonly #lost = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<Error>();
  #capabilities: ReadonlySet<string> | null = null;
  #failure: Error | null = null;

  constructor(transport: Transport, generation = 1) {
    this.generation = generation;
    this.#connection = new Connection(transport);
    this.#delegated = new DelegatedRequests(this.#connection, this.#router, this.#ends);
    this.#ready.promise.catch(() => {});
    this.#connection.start({
      message: (value, text) => this.#receive(value, text.length),
      closed: (error) => this.#end(connectionLost(error)),
    });
  }

  /**
   * Greets the host.
   *
   * @throws `handshake_failed`, `connection_lost`; the connection is closed then.
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

  /** Why it ended; null while it lives. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Resolves with the reason when the connection is over. */
  get ended(): Promise<Error> {
    return this.#ended.promise;
  }

  /** Aborts, with the reason, when the connection is over: after whoever waits was told. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether a request for a session that is on its way may have to stand behind another. */
  mustWait(sessionId: string): boolean {
    return this.#delegated.mustWait(sessionId);
  }

  /** Takes what the host says about sessions to them. */
  get router(): SessionRouter {
    return this.#router;
  }

  /**
   * Sends a request.
   *
   * @param onValue Called in place, before the next message of the host is read.
   * @throws `limit_exceeded` where it does not fit into a frame; whatever the host answers.
   */
  request(
    request: Operation,
    onValue?: (value: OperationValue, id: number) => void,
  ): Sent<OperationValue> {
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
    this.#sendOperation(id, request, reject);
    return { id, answer: promise };
  }

  /**
   * Sends a request whose answer may be odd: reading it is up to the caller.
   *
   * @param onResult Called in place, before the next message of the host is read. Must not throw.
   * @throws As `request`; whatever the host answers that is an error.
   */
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
    this.#sendOperation(id, request, reject);
    return promise;
  }

  /** As `request`, for what is told piece by piece. @param onEvents Called in place, until it is answered. */
  subscribe(
    request: Operation,
    onEvents: (events: readonly LiveEvent[]) => void,
  ): Sent<OperationValue> {
    const sent = this.request(request);
    this.#subscribers.set(sent.id, onEvents);
    const over = () => void this.#subscribers.delete(sent.id);
    sent.answer.then(over, over);
    return sent;
  }

  /** What a cell tells first, to be asked for in place, when its execute is answered. */
  initial(id: number): Promise<RuntimeResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<RuntimeResponse>();
    this.#initials.set(id, (answer) => {
      if (answer instanceof Error) reject(answer);
      else if (answer.status === 'ok') resolve(answer.value);
      else reject(toError(answer));
    });
    return promise;
  }

  /** Gives up a wait. The host answers it with `cancelled`, or with what was there first. */
  cancel(id: number): void {
    this.#connection.send({ type: 'operation/cancel', id });
  }

  /** Ends a wait early; its answer is what there is. */
  preempt(id: number): void {
    if (this.has('yield-observation')) this.#connection.send({ type: 'operation/yield', id });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Ends it at once, for this reason, if it has not ended. */
  destroy(error: Error): void {
    if (this.#failure === null) this.#connection.fail(error);
  }

  #sendOperation(id: number, request: Operation, reject: (error: unknown) => void): void {
    this.#ends.note(request);
    try {
      if (this.#failure === null) this.#connection.send({ type: 'operation/request', id, request });
    } catch (error) {
      this.#operations.drop(id);
      this.#unread.delete(id);
      reject(tooLarge(error, request.method));
    }
  }

  #receive(value: unknown, size: number): void {
    if (this.#capabilities === null) {
      this.#capabilities = new Set(readHostHello(value, []));
      return this.#ready.resolve();
    }
    if (this.#unread.size > 0 && this.#isForItsSender(value)) {
      return this.#answered(value.id, value.result);
    }
    const message = readHostMessage(value);
    switch (message.type) {
      case 'operation/response':
        return this.#answered(message.id, message.result);
      case 'execute/initialResponse': {
        const initial = this.#initials.get(message.id);
        if (initial === undefined) throw unexpected(`an initial response to request ${message.id}`);
        this.#initials.delete(message.id);
        return initial(message.result);
      }
      case 'delegate/request':
        if (this.#delegated.take(message, size)) return;
        throw unexpected(`a second delegate request ${message.id}`);
      case 'delegate/cancel':
        // A host of our own still wants to know when the call is over; another wants no late answer.
        return this.#delegated.cancel(message.id, message.reason);
      case 'cell/closed':
        this.#router.route(message.sessionId, { kind: 'event', message, bytes: size });
        return;
      case 'cell/events':
        // The types differ in what is absent alone.
        this.#subscribers.get(message.id)?.(message.events as readonly LiveEvent[]);
    }
  }

  /** Whether this answers a request whose sender reads the answer itself. */
  #isForItsSender(value: unknown): value is { readonly id: number; readonly result: unknown } {
    const { type, id } = value as Readonly<Record<string, unknown>>;
    return type === 'operation/response' && typeof id === 'number' && this.#unread.has(id);
  }

  #answered(id: number, result: unknown): void {
    if (!this.#operations.settle(id, result)) throw unexpected(`an answer to request ${id}`);
  }

  #end(error: Error): void {
    const cause = error.cause instanceof CodeModeError ? error.cause : error;
    this.#failure = cause;
    this.#ready.reject(cause);
    this.#operations.failAll(cause);
    this.#unread.clear();
    const initials = [...this.#initials.values()];
    this.#initials.clear();
    for (const fail of initials) fail(cause);
    this.#delegated.clear();
    this.#router.close(cause);
    this.#lost.abort(cause);
    this.#ended.resolve(cause);
  }
}

function unexpected(what: string): CodeModeError {
  return new CodeModeError('connection_lost', `code-mode host sent ${what} that nobody waits for`);
}

function tooLarge(error: unknown, method: string): unknown {
  if (!(error instanceof FrameTooLargeError)) return error;
  const what = method.replace('session/', '');
  return new CodeModeError(
    'limit_exceeded',
    `code-mode ${what} request exceeds the IPC frame limit: ${error.message}`,
  );
}
