import { type ClientHttp2Stream, constants } from 'node:http2';
import { ignoreErrors } from '../../io/ignore-errors.ts';
import { MessageSplitter } from '../message-framing.ts';
import { Status, StatusError } from '../status.ts';
import {
  type AnswerHeaders,
  type ClosedStream,
  endingOf,
  refusalIn,
  wasNotProcessed,
} from './call-ending.ts';

/** Receives what the host answers to one call, in order. */
export interface CallReceiver {
  /** The host accepted the call. Not called if it failed at once. */
  headers(headers: AnswerHeaders): void;
  /** @throws StatusError if the message makes no sense; the call is then cancelled and fails with it. */
  message(body: Buffer): void;
  /** Called once, last. @param error Null if the call succeeded. */
  ended(error: StatusError | null, end: CallEnd): void;
}

/** How a call ended. */
export interface CallEnd {
  /** Whether the host has not looked at the request, so that it can be sent again. */
  readonly wasNotProcessed: boolean;
  /** The value of a header in the first or the last headers of the answer. */
  header(name: string): string | undefined;
}

/** One call to a host, on a stream of its own. */
export class ClientCall {
  readonly #stream: ClientHttp2Stream;
  readonly #receiver: CallReceiver;
  readonly #splitter = new MessageSplitter();
  readonly #connectionEnd: () => Error | null;
  #headers: AnswerHeaders | null = null;
  #trailers: AnswerHeaders | null = null;
  /** Why this side ended it; null if it has not. */
  #failure: StatusError | null = null;

  /**
   * @param body The request, with its prefix.
   * @param connectionEnd Why the connection ended; null while it is open.
   */
  constructor(
    stream: ClientHttp2Stream,
    body: Buffer,
    receiver: CallReceiver,
    connectionEnd: () => Error | null,
  ) {
    this.#stream = stream;
    this.#receiver = receiver;
    this.#connectionEnd = connectionEnd;
    ignoreErrors(stream);
    stream.on('response', (headers) => this.#respond(headers));
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('trailers', (trailers) => {
      this.#trailers = trailers;
    });
    stream.on('close', () => this.#close());
    stream.end(body);
  }

  /** Ends the call, unless it has ended. The receiver is told that it failed with `cancelled`. */
  cancel(): void {
    this.#fail(new StatusError(Status.cancelled, 'the call was cancelled'));
  }

  #respond(headers: AnswerHeaders): void {
    this.#headers = headers;
    if (this.#failure !== null || headers['grpc-status'] !== undefined) return;
    const refusal = refusalIn(headers);
    if (refusal !== null) this.#fail(refusal);
    else this.#guarded(() => this.#receiver.headers(headers));
  }

  #receive(chunk: Buffer): void {
    this.#guarded(() => {
      this.#splitter.push(chunk);
      let body = this.#splitter.next();
      while (body !== null && this.#failure === null) {
        this.#receiver.message(body);
        body = this.#splitter.next();
      }
    });
  }

  #guarded(act: () => void): void {
    if (this.#failure !== null) return;
    try {
      act();
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.#fail(error);
    }
  }

  #fail(error: StatusError): void {
    if (this.#failure !== null || this.#stream.closed) return;
    this.#failure = error;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #close(): void {
    const closed: ClosedStream = {
      headers: this.#headers,
      trailers: this.#trailers,
      resetCode: this.#stream.rstCode,
      connection: this.#connectionEnd(),
    };
    const ending = this.#failure ?? endingOf(closed) ?? this.#cutOff();
    this.#receiver.ended(ending, {
      wasNotProcessed: this.#failure === null && wasNotProcessed(closed),
      header: (name) => headerIn(closed, name),
    });
  }

  /** An answer that succeeded must not end within a message. */
  #cutOff(): StatusError | null {
    try {
      this.#splitter.end();
      return null;
    } catch (error) {
      return error as StatusError;
    }
  }
}

function headerIn({ headers, trailers }: ClosedStream, name: string): string | undefined {
  const value = trailers?.[name] ?? headers?.[name];
  return typeof value === 'string' ? value : undefined;
}
