import { isUtf8 } from 'node:buffer';
import { isLargeValue, jsonPieces, lengthOfValue } from '../../src/json/json-pieces.ts';
import { FrameTooLargeError } from './frame-too-large.ts';
import { MAX_FRAME_BYTES } from './framing.ts';
import type { LargeReading, ReadMessage } from './large-message.ts';
import { Outbox } from './outbox.ts';
import type { Transport } from './transport.ts';

/** What a connection reports to its owner. */
export interface ConnectionHandler {
  /**
   * Called in place with each message; the next is read when this returns. A throw fails the connection.
   *
   * @param message The parsed message, otherwise unchecked.
   * @param text The text that was parsed.
   */
  message(message: unknown, text: string): void;
  /**
   * Begins to read a message of at least `LARGE_MESSAGE_BYTES`. Without this method, it is parsed like
   * any other. A throw fails the connection.
   */
  large?(body: Buffer): LargeReading;
  /** Called instead of `message` with what a `LargeReading` has read. */
  read?(read: ReadMessage): void;
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

/**
 * Sends and receives messages as values over a transport.
 *
 * It ends once: the first reason is the one that is reported to all callers.
 */
export class Connection {
  readonly #transport: Transport;
  readonly #outbox: Outbox;
  #handler: ConnectionHandler | null = null;
  #failure: Error | null = null;
  #end: { readonly error: Error | null } | null = null;
  /** A large message that is being read. Nothing else is delivered meanwhile, not even the end. */
  #large: LargeReading | null = null;
  #isPaused = false;
  #closing: Promise<void> | null = null;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#outbox = new Outbox(transport);
  }

  get peer(): string {
    return this.#transport.peer;
  }

  /** How many sent bytes are still queued on this side. */
  get queuedBytes(): number {
    return this.#outbox.queuedBytes + this.#transport.queuedBytes;
  }

  /** Whether messages can still be sent. */
  get isOpen(): boolean {
    return this.#closing === null && this.#transport.isOpen;
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

  /** Sends a short message together with the next one. See `Outbox.sendSoon`. */
  sendSoon(message: object): void {
    if (this.isOpen) this.#outbox.sendSoon(JSON.stringify(message));
  }

  /** Sends one message as JSON text. See `send`. */
  sendText(text: string): void {
    if (!this.isOpen) return;
    const most = text.length * 3;
    const bytes = most > MAX_FRAME_BYTES ? Buffer.byteLength(text) : most;
    if (bytes > MAX_FRAME_BYTES) throw new FrameTooLargeError(bytes);
    this.#outbox.send(text, bytes);
  }

  /**
   * Sends one message, which may be large: then it is encoded over several turns, and later messages
   * wait behind it.
   *
   * @returns Undefined if it was sent in place; otherwise resolves when it was sent, or the
   *   connection has ended.
   * @throws `FrameTooLargeError`, also later; then nothing is sent, and the connection continues.
   */
  sendLarge(message: object): Promise<void> | undefined {
    if (isLargeValue(message)) {
      return this.sendPieces(jsonPieces(message), () => lengthOfValue(message));
    }
    this.send(message);
    return undefined;
  }

  /**
   * Sends one message as pieces of JSON text, each of which takes little time. See `sendLarge`.
   *
   * @param length About how long all of them are.
   */
  sendPieces(pieces: Iterable<string | Buffer>, length: () => number): Promise<void> | undefined {
    return this.isOpen ? this.#outbox.sendPieces(pieces, length) : undefined;
  }

  /** What to wait for before sending more; undefined if there is room. */
  drained(): Promise<void> | undefined {
    const emptied = this.#outbox.emptied();
    return emptied?.then(() => this.#transport.drained()) ?? this.#transport.drained();
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
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#outbox.sendNow();
    const emptied = this.#outbox.emptied();
    if (emptied !== undefined) await emptied;
    return this.#transport.close();
  }

  #receive(body: Buffer): void {
    if (this.#failure !== null || this.#closing !== null) return;
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
    if (read !== null) return this.#handler?.read?.(read);
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
    this.#outbox.drop();
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
