import { CodeModeError } from '../../../src/errors.ts';
import type { AnswerDeadlines } from '../../remote/answer-deadlines.ts';
import { decodeMessage, encodeMessage } from '../message-framing.ts';
import { Status, StatusError } from '../status.ts';
import type { Channel } from './channel.ts';
import type { CallEnd } from './client-call.ts';
import {
  type MethodName,
  methodOf,
  type RequestOf,
  type ResponseOf,
  type UnaryName,
} from './method-types.ts';

/** A call whose answer is expected in time. */
export interface AskedCall {
  /** Shortens the time that the answer may take, in milliseconds. */
  hurry(ms: number): void;
  /** The next answer is expected after that many milliseconds; infinity for no bound. */
  expect(what: string, ms: number): void;
  /** Ends the call, unless it has ended. */
  cancel(): void;
}

/** A call with one answer. */
export interface AskedUnary<T> extends AskedCall {
  /** @throws StatusError. */
  readonly answer: Promise<T>;
}

/** Receives the messages of a stream. */
export interface StreamReceiver<T> {
  /** The host accepted the call. */
  headers?(header: (name: string) => string | undefined): void;
  /** @throws StatusError if it makes no sense; the call is then cancelled, and fails with it. */
  message(message: T): void;
  /** Called once, last. @param error Null if the call succeeded. */
  ended(error: StatusError | null, end: CallEnd): void;
}

/** Headers that are sent with each call of a session. */
export type CallHeaders = Readonly<Record<string, string>>;

/** The calls of a client to its host, over one channel, each with a time for the answer. */
export class AskedCalls {
  readonly #channel: Channel;
  readonly #deadlines: AnswerDeadlines;
  #lastId = 0;

  constructor(channel: Channel, deadlines: AnswerDeadlines) {
    this.#channel = channel;
    this.#deadlines = deadlines;
  }

  /**
   * Calls a method with one answer.
   *
   * @param ms How long a healthy host takes to answer.
   * @param failed Called when the call has failed, before `answer` rejects.
   * @throws `limit_exceeded` if the request is too large; nothing is sent then.
   */
  ask<K extends UnaryName>(
    method: K,
    request: RequestOf<K>,
    ms: number,
    headers: CallHeaders,
    failed: (end: CallEnd) => void,
  ): AskedUnary<ResponseOf<K>> {
    const { promise, resolve, reject } = Promise.withResolvers<ResponseOf<K>>();
    const answers: ResponseOf<K>[] = [];
    const call = this.follow(method, request, headers, {
      message: (message) => void answers.push(message),
      ended: (error, end) => {
        const [answer] = answers;
        if (error !== null) {
          failed(end);
          reject(error);
        } else if (answer !== undefined && answers.length === 1) resolve(answer);
        else reject(miscounted(method, answers.length));
      },
    });
    call.expect(methodOf(method).name, ms);
    return { ...call, answer: promise };
  }

  /**
   * Calls a method, and follows its answers.
   *
   * @throws `limit_exceeded` if the request is too large; nothing is sent then.
   */
  follow<K extends MethodName>(
    key: K,
    request: RequestOf<K>,
    headers: CallHeaders,
    receiver: StreamReceiver<ResponseOf<K>>,
  ): AskedCall {
    const method = methodOf(key);
    this.#lastId += 1;
    const id = this.#lastId;
    const body = encoded(method.name, () => encodeMessage(method.request, request));
    const call = this.#channel.call(method.path, body, headers, {
      headers: (some) => receiver.headers?.((name) => stringIn(some[name])),
      message: (bytes) => receiver.message(decodeMessage(method.response, bytes)),
      ended: (error, end) => {
        this.#deadlines.settle(id);
        receiver.ended(error, end);
      },
    });
    return {
      expect: (what, ms) => {
        if (ms === Infinity) this.#deadlines.settle(id);
        else this.#deadlines.expect(id, what, ms);
      },
      hurry: (ms) => this.#deadlines.hurry(id, ms),
      cancel: () => call.cancel(),
    };
  }
}

function encoded(name: string, encode: () => Buffer): Buffer {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const text = `code-mode ${name} request exceeds the gRPC message limit: ${error.message}`;
    throw new CodeModeError('limit_exceeded', text, { cause: error });
  }
}

function miscounted(method: string, count: number): StatusError {
  const text = `code-mode host answered ${method} with ${count} messages, wanted 1`;
  return new StatusError(Status.internal, text);
}

function stringIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
