import { isUtf8 } from 'node:buffer';
import { CodeModeError } from '../../src/errors.ts';
import { MAX_FRAME_BYTES } from './framing.ts';
import type { LargeReading, ReadMessage } from './large-message.ts';
import type { Transport } from './transport.ts';

/** What a connection reports to its owner. */
export interface ConnectionHandler {
  /**
   * Called in place with each message; the next is read when this returns. A throw fails the connection.
   *
   * @param message The parsed message, otherwise unchecked.
   * @param text The text that was parsed.
   * @param result The result of a tool in the message, in UTF-8, if it is large. Then it is null in the
   *   message and in its text.
   */
  message(message: unknown, text: string, result?: Buffer): void;
  /**
   * Begins to read a message of at least `LARGE_MESSAGE_BYTES`. Without this method, it is parsed like
   * any other. A throw fails the connection.
   */
  large?(body: Buffer): LargeReading;
  /** Called instead of `message` with a request that a `LargeReading` refused. */
  refused?(message: unknown, error: CodeModeError): void;
  /**
   * The last message to send if the peer's data cannot be read or `message` throws, to report the
   * reason. Undefined for a peer that would not understand it.
   */
  lastWords?(error: Error): object | undefined;
  /** Called once, last. Null if either side ended the connection between two messages. */
  closed(error: Error | null): void;
}

/** Messages of at least this size are large, in bytes. */
export const LARGE_MESSAGE_BYTES = 64 << 10;
/** How long a large message is read before other work of this process has its turn. */
const MAX_TURN_MS = 2;
/** How long a message waits for company, in milliseconds. */
const SOON_MS = 5;

/** The error for a message that is too large for a frame. */
export class FrameTooLargeError extends CodeModeError {
  constructor(bytes: number) {
    super('limit_exceeded', `code-mode IPC frame length ${bytes} exceeds ${MAX_FRAME_BYTES} bytes`);
  }
}

/**
 * Sends and receives messages as values over a transport.
 *
 * It ends once: the first reason is the one that is reported to all callers.
 */
export class Connection {
  readonly #transport: Transport;
  #handler: ConnectionHandler | null = null;
  #failure: Error | null = null;
  #end: { readonly error: Error | null } | null = null;
  /** A large message that is being read. Nothing else is delivered meanwhile, not even the end. */
  #large: LargeReading | null = null;
  #isPaused = false;
  #soon: string[] = [];
  #soonTimer: NodeJS.Timeout | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get peer(): string {
    return this.#transport.peer;
  }

  /** How many sent bytes are still queued on this side. */
  get queuedBytes(): number {
    return this.#transport.queuedBytes;
  }

  /** Whether messages can still be sent. */
  get isOpen(): boolean {
    return this.#transport.isOpen;
  }

  /** How long `close` may take, in milliseconds. */
  get closeWithinMs(): number {
    return this.#transport.closeWithinMs;
  }

  start(handler: ConnectionHandler): void {
    this.#handler = handler;
    this.#transport.start({
      message: (body) => this.#receive(body),
      unreadable: (error) => this.#break(error),
      closed: (error) => this.#closed(error),
    });
  }

  /** Passes everything from now on to another handler; also the end, if it has already happened. */
  take(handler: ConnectionHandler): void {
    const end = this.#end;
    if (end === null || this.#large !== null) this.#handler = handler;
    else queueMicrotask(() => handler.closed(end.error));
  }

  /**
   * Sends one message.
   *
   * @throws `FrameTooLargeError`; then nothing is sent, and the connection continues.
   */
  send(message: object): void {
    this.sendText(JSON.stringify(message));
  }

  /**
   * Sends one message together with the next one, within 5 ms: each write wakes the peer, which takes
   * it longer than to read most messages. See `send`.
   */
  sendSoon(message: object): void {
    this.#soon.push(JSON.stringify(message));
    this.#soonTimer ??= setTimeout(() => this.#sendNow(), SOON_MS);
  }

  /** Sends one message as JSON text. See `send`. */
  sendText(text: string): void {
    this.#sendNow();
    this.#sendText(text);
  }

  #sendNow(): void {
    if (this.#soonTimer === undefined) return;
    clearTimeout(this.#soonTimer);
    this.#soonTimer = undefined;
    const texts = this.#soon;
    this.#soon = [];
    for (const text of texts) this.#sendText(text);
  }

  #sendText(text: string): void {
    if (text.length * 3 > MAX_FRAME_BYTES) {
      const bytes = Buffer.byteLength(text);
      if (bytes > MAX_FRAME_BYTES) throw new FrameTooLargeError(bytes);
    }
    this.#transport.send(text);
  }

  /** Sends one message as bytes of JSON text that follow each other. See `send`. */
  sendParts(parts: readonly Buffer[]): void {
    this.#sendNow();
    let bytes = 0;
    for (const { length } of parts) bytes += length;
    if (bytes > MAX_FRAME_BYTES) throw new FrameTooLargeError(bytes);
    this.#transport.send(parts);
  }

  /** What to wait for before sending more; undefined if there is room. */
  drained(): Promise<void> | undefined {
    return this.#transport.drained();
  }

  pause(): void {
    this.#isPaused = true;
    this.#transport.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#large === null) this.#transport.resume();
  }

  /** Ends the connection at once, for this reason. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#transport.destroy(error);
  }

  /** Sends what is queued, then ends. Safe to call twice. */
  close(): Promise<void> {
    this.#sendNow();
    return this.#transport.close();
  }

  #receive(body: Buffer): void {
    if (this.#failure !== null) return;
    try {
      const isLarge = body.length >= LARGE_MESSAGE_BYTES;
      const large = isLarge ? this.#handler?.large?.(body) : undefined;
      if (large !== undefined) return this.#readOn(large);
      if (!isUtf8(body)) throw new Error('Cannot read a message: it is not UTF-8');
      const text = body.toString('utf8');
      this.#handler?.message(parseMessage(text), text);
    } catch (error) {
      this.#break(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Reads a large message for a while, then gives other work a turn. */
  #readOn(large: LargeReading): void {
    const until = performance.now() + MAX_TURN_MS;
    let read: ReadMessage | null;
    do read = large.readOn();
    while (read === null && performance.now() < until);
    if (read !== null) return this.#deliver(read);
    this.#large = large;
    this.#transport.pause();
    setImmediate(() => this.#continue(large));
  }

  #continue(large: LargeReading): void {
    this.#large = null;
    try {
      if (this.#failure === null) this.#readOn(large);
    } catch (error) {
      this.#break(error instanceof Error ? error : new Error(String(error)));
    }
    if (this.#large !== null) return;
    if (this.#end !== null) this.#tellEnd(this.#end.error);
    else if (!this.#isPaused) this.#transport.resume();
  }

  #deliver({ message, text, result, refused }: ReadMessage): void {
    const handler = this.#handler;
    if (refused === undefined) handler?.message(message, text, result);
    else handler?.refused?.(message, refused);
  }

  /** Ends because of an invalid message of the peer, and reports the reason to it if possible. */
  #break(error: Error): void {
    const words = this.#failure === null ? this.#handler?.lastWords?.(error) : undefined;
    if (words === undefined) return this.fail(error);
    this.#failure = error;
    this.send(words);
    void this.close();
  }

  #closed(error: Error | null): void {
    this.#end = { error: this.#failure ?? error };
    if (this.#large === null) this.#tellEnd(this.#end.error);
  }

  #tellEnd(error: Error | null): void {
    const handler = this.#handler;
    this.#handler = null;
    handler?.closed(this.#failure ?? error);
  }
}

/** @throws Error if it is not JSON. */
export function parseMessage(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(error);
  }
}

/** The error for a message that is not JSON. */
export function notJson(cause?: unknown): Error {
  return new Error('Cannot read a message: it is not JSON', { cause });
}
