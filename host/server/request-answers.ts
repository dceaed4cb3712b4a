import { CodeModeError } from '../../src/errors.ts';
import { type Connection, FrameTooLargeError } from '../wire/connection.ts';
import { type RequestId, toWireId } from '../wire/exact-id.ts';
import { AnswerQueue } from './answer-queue.ts';
import type { Answering } from './hosted-session.ts';

/** Longest text of an error about a message, in UTF-16 units: a message may name itself in it. */
const MAX_REASON_LENGTH = 1_000;

/** Writes the answers of a host to the requests of one client, at the pace at which it reads them. */
export class RequestAnswers {
  readonly #connection: Connection;
  readonly #own: boolean;
  readonly #queue: AnswerQueue;

  /** @param own Whether the client understands `cellhost.cells`. */
  constructor(connection: Connection, own: boolean, maxUnreadBytes: number) {
    this.#connection = connection;
    this.#own = own;
    this.#queue = new AnswerQueue(connection, maxUnreadBytes);
  }

  /** See `AnswerQueue.endWithin`. */
  endWithin(ms: number): void {
    this.#queue.endWithin(ms);
  }

  /** How the request of this id is answered. */
  to(requestId: RequestId): Answering {
    const id = toWireId(requestId);
    const queue = this.#queue;
    const respond = (result: () => object) =>
      queue.send(() => this.#send(id, 'operation/response', result(), 'host response'));
    const begin = (result: () => object) =>
      queue.send(() => this.#send(id, 'execute/initialResponse', result(), 'initial response'));
    const failure = (error: unknown) => this.#failureOf(error);
    return {
      events: (events) =>
        queue.send(() => this.#connection.send({ type: 'cell/events', id, events })),
      drained: () => this.#connection.drained(),
      answer: (value) => respond(() => ({ status: 'ok', value: value() })),
      fail: (error) => respond(() => failure(error)),
      initial: (value) => begin(() => ({ status: 'ok', value: value() })),
      failInitial: (error) => begin(() => failure(error)),
    };
  }

  /** Tells a client why its request is none. */
  malformed(id: RequestId, error: unknown): void {
    void this.to(id).fail(new CodeModeError('invalid_argument', reasonOf(error)));
  }

  /** The last message to a client whose connection ends for this reason; version 1 has none. */
  lastWords(error: Error): object | undefined {
    return this.#own ? { type: 'connection/failed', message: reasonOf(error) } : undefined;
  }

  /** An answer that is too large for a frame becomes an error; the connection goes on. */
  #send(id: unknown, type: string, result: object, what: string): void {
    try {
      this.#connection.send({ type, id, result });
    } catch (error) {
      if (!(error instanceof FrameTooLargeError)) throw error;
      const text = `code-mode ${what} exceeds the IPC frame limit: ${error.message}`;
      const failure = this.#failureOf(new CodeModeError('limit_exceeded', text));
      this.#connection.send({ type, id, result: failure });
    }
  }

  #failureOf(error: unknown): { status: 'error'; message: string; code?: string } {
    const message = error instanceof Error ? error.message : String(error);
    if (!this.#own || !(error instanceof CodeModeError)) return { status: 'error', message };
    return { status: 'error', message, code: error.code };
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length <= MAX_REASON_LENGTH ? text : `${text.slice(0, MAX_REASON_LENGTH)}…`;
}
