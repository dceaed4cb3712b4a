import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ByteBudget } from '../../../src/runtime/byte-budget.ts';
import { ignoreErrors } from '../../io/ignore-errors.ts';
import { MessageSplitter } from '../message-framing.ts';
import { encodeStatusText, Status, StatusError } from '../status.ts';
import type { RequestReading } from './request-reading.ts';
import type { Caller, ServerCall } from './server-call.ts';

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;
const HEADERS = { ':status': 200, 'content-type': 'application/grpc' } as const;
/** What a client should know whose compression is refused. */
const ACCEPTED_ENCODING = { 'grpc-accept-encoding': 'identity' } as const;
const NO_TRAILERS = { 'grpc-status': '0' } as const;

/**
 * Who performs a call. Called once, with the bytes of its request.
 *
 * @returns Settles when the bytes are needed no longer, if that is later.
 */
export type Perform = (call: ServerCall, request: Buffer) => Promise<void> | undefined;

/** A call that a stream of HTTP/2 carries. */
export class Http2Call implements ServerCall {
  readonly caller: Caller;
  readonly #stream: ServerHttp2Stream;
  readonly #budget: ByteBudget;
  readonly #splitter = new MessageSplitter();
  #reading: RequestReading | null = null;
  #request: Buffer | null = null;
  /** Bytes of the request that are reserved. */
  #reserved = 0;
  #isRequestUsed = false;
  #hasHeaders = false;
  #isEnded = false;
  #trailers: Readonly<Record<string, string>> = NO_TRAILERS;
  #closed: ((isDropped: boolean) => void) | null = null;
  #isDropped: boolean | null = null;

  /** @param budget Where the request is weighed until it is performed. */
  constructor(stream: ServerHttp2Stream, caller: Caller, budget: ByteBudget) {
    this.caller = caller;
    this.#stream = stream;
    this.#budget = budget;
    ignoreErrors(stream);
    stream.once('close', () => this.#over());
  }

  /**
   * Reads the request, then has it performed. A request that cannot be read is answered here.
   *
   * @param reading Decides when it is read, and is told by the same listeners: there are very many calls.
   */
  read(perform: Perform, reading: RequestReading): void {
    const stream = this.#stream;
    this.#reading = reading;
    stream.on('data', (chunk: Buffer) => {
      this.#attempt(() => this.#push(chunk));
      reading.arrived(stream, chunk.length);
    });
    stream.once('end', () => {
      this.#attempt(() => this.#perform(perform));
      reading.whole(stream);
    });
    reading.add(stream);
  }

  sendHeaders(fields: Readonly<Record<string, string>> = {}): void {
    if (this.#hasHeaders || !this.#isOpen) return;
    this.#hasHeaders = true;
    this.#stream.once('wantTrailers', () => this.#stream.sendTrailers(this.#trailers));
    this.#stream.respond({ ...HEADERS, ...fields }, { waitForTrailers: true });
  }

  send(message: Buffer | readonly Buffer[], taken: () => void): void {
    if (!this.#isOpen) return taken();
    this.sendHeaders();
    const stream = this.#stream;
    if (Buffer.isBuffer(message)) {
      stream.write(message, taken);
      return;
    }
    const last = message.length - 1;
    stream.cork();
    message.forEach((part, at) => void stream.write(part, at < last ? undefined : taken));
    stream.uncork();
  }

  end(): void {
    if (!this.#isOpen) return;
    this.sendHeaders();
    this.#isEnded = true;
    this.#stream.end();
  }

  fail({ status, message }: StatusError): void {
    if (!this.#isOpen) return;
    this.#isEnded = true;
    const error = {
      'grpc-status': String(status),
      'grpc-message': encodeStatusText(message),
      ...(status === Status.unimplemented ? ACCEPTED_ENCODING : {}),
    };
    if (this.#hasHeaders) {
      this.#trailers = error;
      this.#stream.end();
    } else {
      this.#stream.respond({ ...HEADERS, ...error }, { endStream: true });
    }
    if (!this.#stream.readableEnded) this.#refuseRest();
  }

  reset(): void {
    this.#isEnded = true;
    if (!this.#stream.destroyed) this.#stream.close(NGHTTP2_CANCEL);
  }

  onClosed(closed: (isDropped: boolean) => void): void {
    if (this.#isDropped === null) this.#closed = closed;
    else closed(this.#isDropped);
  }

  get #isOpen(): boolean {
    return !this.#isEnded && !this.#stream.destroyed && !this.#stream.closed;
  }

  #attempt(step: () => void): void {
    if (!this.#isOpen) return;
    try {
      step();
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.#free();
      this.fail(error);
    }
  }

  /** One request is wanted; what follows it is not kept. */
  #push(chunk: Buffer): void {
    if (this.#request !== null) return;
    this.#reserve(chunk.length);
    this.#splitter.push(chunk);
    this.#request = this.#splitter.next();
  }

  #whole(): Buffer {
    const request = this.#request;
    if (request === null) this.#splitter.end();
    if (request === null) throw new StatusError(Status.internal, 'Missing request message.');
    return request;
  }

  #perform(perform: Perform): void {
    const used = perform(this, this.#whole());
    if (used === undefined) return this.#free();
    this.#isRequestUsed = true;
    void used.finally(() => this.#free());
  }

  #reserve(bytes: number): void {
    const full = this.#budget.reserve(bytes);
    if (full !== null) {
      const text = `code-mode host has too many unread bytes of requests: ${full.maxBytes} (${full.name})`;
      throw new StatusError(Status.resourceExhausted, text);
    }
    this.#reserved += bytes;
  }

  /** The rest of a request is not wanted. A stream that is closed before its answer has left loses it. */
  #refuseRest(): void {
    const stream = this.#stream;
    stream.resume();
    stream.once('finish', () => {
      setImmediate(() => {
        if (!stream.destroyed) stream.close(NGHTTP2_NO_ERROR);
      });
    });
  }

  #free(): void {
    this.#budget.free(this.#reserved);
    this.#reserved = 0;
  }

  #over(): void {
    this.#reading?.over(this.#stream);
    if (!this.#isRequestUsed) this.#free();
    // A client may let go as soon as it has read the last message, before the end has reached it.
    const isDropped = !this.#isEnded;
    this.#isDropped = isDropped;
    this.#closed?.(isDropped);
  }
}
