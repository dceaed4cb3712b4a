import { type CancelReason, CodeModeError } from '../../src/errors.ts';
import { startTimer } from '../../src/timer.ts';
import { OWN_CAPABILITIES, V1_CAPABILITIES } from '../capabilities.ts';
import { Connection, FrameTooLargeError } from '../connection.ts';
import { readHostHello } from '../handshake.ts';
import { PendingCalls } from '../pending-calls.ts';
import {
  type DelegateRequest,
  type DelegateResult,
  type HostMessage,
  type Operation,
  type OperationValue,
  type RuntimeResponse,
  readHostMessage,
} from '../protocol.ts';
import type { Transport } from '../transport.ts';
import { connectionLost, toError } from './wire-errors.ts';

/** What the connection tells a session. Called in place, in the order of the messages. */
export interface SessionSink {
  delegate(id: number, request: DelegateRequest): void;
  delegateCancelled(id: number, reason: CancelReason): void;
  cellClosed(cellId: string): void;
  lost(error: Error): void;
}

/** What was sent, and what comes back. */
export interface Sent<T> {
  readonly id: number;
  readonly answer: Promise<T>;
}

type OperationAnswer = Extract<HostMessage, { type: 'operation/response' }>['result'];
type InitialAnswer = Extract<HostMessage, { type: 'execute/initialResponse' }>['result'];

const OPTIONAL = [...V1_CAPABILITIES, ...OWN_CAPABILITIES];
const HELLO_MS = 10_000;

/** A client's side of a connection: asks the host, and hands what the host asks to its sessions. */
export class ClientConnection {
  readonly #connection: Connection;
  readonly #operations = new PendingCalls<OperationAnswer>();
  readonly #initials = new Map<number, (answer: InitialAnswer | Error) => void>();
  readonly #sessions = new Map<string, SessionSink>();
  readonly #delegated = new Map<number, SessionSink>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<Error>();
  #capabilities: ReadonlySet<string> | null = null;
  #failure: Error | null = null;

  constructor(transport: Transport) {
    this.#connection = new Connection(transport);
    this.#ready.promise.catch(() => {});
    this.#connection.start({
      message: (value) => this.#receive(value),
      closed: (error) => this.#lost(connectionLost(error)),
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

  /** Has what the host says about a session handed to `sink`. */
  attach(sessionId: string, sink: SessionSink): void {
    this.#sessions.set(sessionId, sink);
  }

  detach(sessionId: string): void {
    this.#sessions.delete(sessionId);
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
    const answered = (id: number, answer: OperationAnswer) => {
      if (answer.status === 'error') return reject(toError(answer));
      try {
        onValue?.(answer.value, id);
        resolve(answer.value);
      } catch (error) {
        reject(error);
        throw error;
      }
    };
    const id = this.#operations.open((answer) => answered(id, answer), reject);
    try {
      if (this.#failure === null) this.#connection.send({ type: 'operation/request', id, request });
    } catch (error) {
      this.#operations.drop(id);
      reject(tooLarge(error, request.method));
    }
    return { id, answer: promise };
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

  /** Answers what the host asked. A result that does not fit into a frame becomes an error. */
  respond(id: number, result: DelegateResult): void {
    if (!this.#delegated.delete(id)) return;
    try {
      this.#connection.send({ type: 'delegate/response', id, result });
    } catch (error) {
      const message = `code-mode delegate response exceeds the IPC frame limit: ${(error as Error).message}`;
      this.#connection.send({
        type: 'delegate/response',
        id,
        result: { status: 'error', message },
      });
    }
  }

  /** Answers with a result that is JSON text already. */
  respondText(id: number, json: string): void {
    if (!this.#delegated.delete(id)) return;
    const head = `{"type":"delegate/response","id":${id},"result":{"status":"ok","value":{"type":"tool/result","result":`;
    try {
      this.#connection.sendText(`${head}${json}}}}`);
    } catch (error) {
      const message = `code-mode delegate response exceeds the IPC frame limit: ${(error as Error).message}`;
      this.#connection.send({
        type: 'delegate/response',
        id,
        result: { status: 'error', message },
      });
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #receive(value: unknown): void {
    if (this.#capabilities === null) {
      this.#capabilities = new Set(readHostHello(value, []));
      return this.#ready.resolve();
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
        return this.#delegate(message.id, message.sessionId, message.request);
      case 'delegate/cancel': {
        const sink = this.#delegated.get(message.id);
        // A host of our own still wants to know when the call is over; another wants no late answer.
        if (message.reason === undefined) this.#delegated.delete(message.id);
        return sink?.delegateCancelled(message.id, message.reason ?? 'terminate');
      }
      case 'cell/closed':
        return this.#sessions.get(message.sessionId)?.cellClosed(message.cellId);
    }
  }

  #answered(id: number, result: OperationAnswer): void {
    if (!this.#operations.settle(id, result)) throw unexpected(`an answer to request ${id}`);
  }

  #delegate(id: number, sessionId: string, request: DelegateRequest): void {
    const sink = this.#sessions.get(sessionId);
    if (this.#delegated.has(id)) throw unexpected(`a second delegate request ${id}`);
    if (sink === undefined) {
      const message = `code-mode host delegated for unknown session ${sessionId}`;
      return this.#connection.send({
        type: 'delegate/response',
        id,
        result: { status: 'error', message },
      });
    }
    this.#delegated.set(id, sink);
    sink.delegate(id, request);
  }

  #lost(error: Error): void {
    const cause = error.cause instanceof CodeModeError ? error.cause : error;
    this.#failure = cause;
    this.#ready.reject(cause);
    this.#operations.failAll(cause);
    const initials = [...this.#initials.values()];
    this.#initials.clear();
    for (const fail of initials) fail(cause);
    this.#delegated.clear();
    for (const sink of this.#sessions.values()) sink.lost(cause);
    this.#sessions.clear();
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
