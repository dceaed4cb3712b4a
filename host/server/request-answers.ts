import { CodeModeError } from '../../src/errors.ts';
import { textPieces } from '../../src/json/json-pieces.ts';
import { AnswerQueue } from '../core/answer-queue.ts';
import type {
  CellAnswering,
  EventsAnswering,
  ExecuteAnswering,
  Sent,
} from '../core/hosted-session.ts';
import type { Connection } from '../wire/connection.ts';
import { type RequestId, toWireId } from '../wire/exact-id.ts';
import { FrameTooLargeError } from '../wire/frame-too-large.ts';
import type { OperationValue } from '../wire/protocol.ts';
import { toOutcome, toResponse } from '../wire/wire-events.ts';

/** Longest text of an error about a message, in UTF-16 units: such a text may quote the message. */
const MAX_REASON_LENGTH = 1_000;

/** Answers one request in the form of version 1. Values are made when there is room to send them. */
export interface JsonAnswering {
  answer(value: () => OperationValue): Sent;
  /** @param values JSON text by key. */
  values(values: ReadonlyMap<string, string>): Sent;
  fail(error: unknown): Sent;
  readonly execute: ExecuteAnswering;
  readonly wait: CellAnswering;
  /** @param cellId The cell to which the client subscribes. */
  events(cellId: string): EventsAnswering;
}

/** Sends a host's answers to one client, at the pace at which the client reads them. */
export class RequestAnswers {
  readonly #connection: Connection;
  readonly #hasCellsCapability: boolean;
  readonly #queue: AnswerQueue;

  /** @param hasCellsCapability Whether the client has `cellhost.cells`. */
  constructor(connection: Connection, hasCellsCapability: boolean, maxUnreadBytes: number) {
    this.#connection = connection;
    this.#hasCellsCapability = hasCellsCapability;
    this.#queue = new AnswerQueue(connection, maxUnreadBytes);
  }

  /** See `AnswerQueue.endWithin`. */
  endWithin(ms: number): void {
    this.#queue.endWithin(ms);
  }

  /** Answers the request with this id. */
  to(requestId: RequestId): JsonAnswering {
    const id = toWireId(requestId);
    const has = this.#hasCellsCapability;
    const respond = (result: () => object) =>
      this.#queue.send(() => this.#send(id, 'operation/response', result(), 'host response'));
    const begin = (result: () => object) =>
      this.#queue.send(() =>
        this.#send(id, 'execute/initialResponse', result(), 'initial response'),
      );
    const answer = (value: () => OperationValue) =>
      respond(() => ({ status: 'ok', value: value() }));
    const fail = (error: unknown) => respond(() => this.#failureOf(error));
    return {
      answer,
      values: (values) =>
        this.#queue.send(() => {
          const type = 'operation/response';
          const send = () =>
            this.#connection.sendPieces(valuesPieces(id, values), () => lengthOf(values));
          return this.#attempt(send, id, type, 'host response');
        }),
      fail,
      execute: {
        started: (cellId) => this.#queue.send(() => this.#started(id, cellId)),
        outcome: (make) => begin(() => ({ status: 'ok', value: toResponse(make(), has) })),
        fail: (error) => begin(() => this.#failureOf(error)),
      },
      wait: {
        outcome: (make) =>
          answer(() => ({ type: 'wait/completed', outcome: toOutcome(make(), has) })),
        fail,
      },
      events: (cellId) => ({
        events: (events) =>
          this.#queue.send(() => this.#connection.sendLarge({ type: 'cell/events', id, events })),
        drained: () => this.#connection.drained(),
        ended: () => answer(() => ({ type: 'events/ended', cellId })),
        fail,
      }),
    };
  }

  /** Tells a client what is wrong with its request. */
  malformed(id: RequestId, error: unknown): void {
    void this.to(id).fail(new CodeModeError('invalid_argument', reasonOf(error)));
  }

  /** The last message on a connection that ends for this reason; version 1 has none. */
  lastWords(error: Error): object | undefined {
    if (!this.#hasCellsCapability) return undefined;
    return { type: 'connection/failed', message: reasonOf(error) };
  }

  #started(id: unknown, cellId: string): undefined {
    const result = { status: 'ok', value: { type: 'execution/started', cellId } };
    this.#connection.sendSoon({ type: 'operation/response', id, result });
  }

  #send(id: unknown, type: string, result: object, what: string): Sent {
    return this.#attempt(() => this.#connection.sendLarge({ type, id, result }), id, type, what);
  }

  /** Sends an error instead of an answer that is too large for a frame; the connection continues. */
  #attempt(send: () => Sent, id: unknown, type: string, what: string): Sent {
    const refuse = (error: unknown) => {
      if (!(error instanceof FrameTooLargeError)) throw error;
      const text = `code-mode ${what} exceeds the IPC frame limit: ${error.message}`;
      const failure = this.#failureOf(new CodeModeError('limit_exceeded', text));
      this.#connection.send({ type, id, result: failure });
    };
    try {
      return send()?.catch(refuse);
    } catch (error) {
      refuse(error);
      return undefined;
    }
  }

  #failureOf(error: unknown): { status: 'error'; message: string; code?: string } {
    const message = error instanceof Error ? error.message : String(error);
    if (!this.#hasCellsCapability || !(error instanceof CodeModeError)) {
      return { status: 'error', message };
    }
    return { status: 'error', message, code: error.code };
  }
}

/** The answer to `session/values`, with the values as they were stored. */
function* valuesPieces(requestId: unknown, values: ReadonlyMap<string, string>): Generator<string> {
  const head = `"type":"operation/response","id":${JSON.stringify(requestId)}`;
  yield `{${head},"result":{"status":"ok","value":{"type":"session/values","values":[`;
  let gap = '';
  for (const [key, json] of values) {
    yield `${gap}[${JSON.stringify(key)},`;
    yield* textPieces(json);
    yield ']';
    gap = ',';
  }
  yield ']}}}';
}

function lengthOf(values: ReadonlyMap<string, string>): number {
  let length = 0;
  for (const [key, json] of values) length += key.length + json.length;
  return length;
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length <= MAX_REASON_LENGTH ? text : `${text.slice(0, MAX_REASON_LENGTH)}…`;
}
