import { Fifo } from '../../src/collections/fifo.ts';
import { PIECE_LENGTH } from '../../src/json/json-pieces.ts';
import { FrameTooLargeError } from './frame-too-large.ts';
import { MAX_FRAME_BYTES } from './framing.ts';
import type { MessageBody, Transport } from './transport.ts';

/** How long a message is encoded before other work of this process has its turn, in milliseconds. */
const MAX_TURN_MS = 2;
/** How long a message waits for company, in milliseconds. */
const SOON_MS = 5;

/** A message that waits behind a draft, or is one. */
type Waiting = { readonly body: MessageBody; readonly bytes: number } | Draft;

/**
 * Sends messages over a transport, in order. A large one is encoded in pieces: everything else of
 * this process has turns between them, and later messages of the connection wait.
 */
export class Outbox {
  readonly #transport: Transport;
  readonly #waiting = new Fifo<Waiting>();
  #waitingBytes = 0;
  /** The large message that is being encoded. */
  #draft: Draft | null = null;
  #emptied: PromiseWithResolvers<void> | null = null;
  /** Messages that wait for company. */
  #soon: string[] = [];
  #soonTimer: NodeJS.Timeout | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** What waits here, in bytes. What is not encoded counts with its length. */
  get queuedBytes(): number {
    return this.#waitingBytes + (this.#draft?.bytes ?? 0);
  }

  /** What to wait for before sending more; undefined if nothing waits here. Also resolves after `drop`. */
  emptied(): Promise<void> | undefined {
    if (this.#draft === null) return undefined;
    this.#emptied ??= Promise.withResolvers();
    return this.#emptied.promise;
  }

  /** @param bytes The size of the body, at most `MAX_FRAME_BYTES`. */
  send(body: MessageBody, bytes: number): void {
    this.sendNow();
    if (this.#draft === null) return this.#transport.send(body);
    this.#wait({ body, bytes });
  }

  /**
   * Sends a short message together with the next one, within 5 ms: each write wakes the peer, which
   * takes it longer than to read most messages.
   */
  sendSoon(text: string): void {
    this.#soon.push(text);
    this.#soonTimer ??= setTimeout(() => this.sendNow(), SOON_MS);
  }

  /** Sends what waits for company. */
  sendNow(): void {
    if (this.#soonTimer === undefined) return;
    for (const text of this.#takeSoon()) this.send(text, text.length);
  }

  /**
   * Sends a message whose JSON text comes in pieces.
   *
   * @param length About how long all of them are. Called only if the message is not sent in place.
   * @returns Undefined if it was sent in place; otherwise resolves when it was sent, or dropped.
   * @throws `FrameTooLargeError`, also later. Nothing is sent then.
   */
  sendPieces(pieces: Iterable<string | Buffer>, length: () => number): Promise<void> | undefined {
    this.sendNow();
    const draft = new Draft(pieces);
    if (this.#draft === null && draft.encode()) {
      this.#transport.send(draft.parts);
      return undefined;
    }
    draft.length = length();
    if (this.#draft === null) this.#begin(draft);
    else this.#wait(draft);
    return draft.over.promise;
  }

  /** Forgets everything: the transport has ended. */
  drop(): void {
    this.#takeSoon();
    this.#draft?.over.resolve();
    for (const waiting of this.#waiting.clear())
      if (waiting instanceof Draft) waiting.over.resolve();
    this.#waitingBytes = 0;
    this.#end();
  }

  #takeSoon(): readonly string[] {
    clearTimeout(this.#soonTimer);
    this.#soonTimer = undefined;
    const soon = this.#soon;
    this.#soon = [];
    return soon;
  }

  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.bytes;
  }

  #begin(draft: Draft): void {
    this.#draft = draft;
    this.#later();
  }

  #later(): void {
    setImmediate(() => this.#continue());
  }

  #continue(): void {
    const draft = this.#draft;
    if (draft === null) return;
    if (!this.#isOver(draft)) return this.#later();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#waitingBytes -= next.bytes;
      if (next instanceof Draft) return this.#begin(next);
      this.#transport.send(next.body);
    }
    this.#end();
  }

  /** Encodes more of a draft. @returns Whether it was sent, or cannot be. */
  #isOver(draft: Draft): boolean {
    try {
      if (!draft.encode()) return false;
      this.#transport.send(draft.parts);
      draft.over.resolve();
    } catch (error) {
      draft.over.reject(error);
    }
    return true;
  }

  #end(): void {
    this.#draft = null;
    this.#emptied?.resolve();
    this.#emptied = null;
  }
}

/** A message that is encoded in pieces. */
class Draft {
  readonly parts: Buffer[] = [];
  readonly over = Promise.withResolvers<void>();
  readonly #pieces: Iterator<string | Buffer>;
  /** About how long all pieces are. */
  length = 0;
  #text = '';
  #bytes = 0;

  constructor(pieces: Iterable<string | Buffer>) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  /** How large it is, at least, as far as that is known. */
  get bytes(): number {
    return Math.max(this.length, this.#bytes);
  }

  /** Goes on for a while. @returns Whether it is whole. @throws `FrameTooLargeError`. */
  encode(): boolean {
    const until = performance.now() + MAX_TURN_MS;
    do {
      const { done, value } = this.#pieces.next();
      if (done) return this.#finish();
      if (typeof value === 'string') this.#text += value;
      else this.#add(value);
      if (this.#text.length >= PIECE_LENGTH) this.#seal();
    } while (performance.now() < until);
    return false;
  }

  #finish(): true {
    this.#seal();
    if (this.#bytes > MAX_FRAME_BYTES) throw new FrameTooLargeError(this.#bytes);
    return true;
  }

  #seal(): void {
    if (this.#text === '') return;
    const part = Buffer.from(this.#text);
    this.#text = '';
    this.#add(part);
  }

  #add(part: Buffer): void {
    this.#seal();
    this.#bytes += part.length;
    // What is too large is only measured, for the error.
    if (this.#bytes > MAX_FRAME_BYTES) this.parts.length = 0;
    else this.parts.push(part);
  }
}
