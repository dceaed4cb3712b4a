import { type Room, type RoomyReader, roomFor } from '../../sandbox/process/read-ahead.ts';

/** How the memory of messages is allocated, in bytes. */
export interface MessageMemory {
  /** A message up to this size gets its memory at once. */
  readonly trusted: number;
  /** A larger one gets so much at first, and the rest as it arrives. */
  readonly first: number;
}

/** For streams of which few are read at one time. */
const ONE_AFTER_ANOTHER: MessageMemory = { trusted: 2 << 20, first: 1 << 20 };
const GROWTH = 4;
const EMPTY: Buffer = Buffer.alloc(0);

/** Splits a stream of bytes into messages, each behind a prefix that tells its size. */
export class PrefixedReader implements RoomyReader {
  readonly #prefixBytes: number;
  readonly #sizeAt: (bytes: Buffer, at: number) => number;
  readonly #memory: MessageMemory;
  readonly #head: Buffer;
  #headBytes = 0;
  #chunk = EMPTY;
  #at = 0;
  /** The message that is being read, with room for more than has arrived; null between messages. */
  #body: Buffer | null = null;
  #bodyBytes = 0;
  #size = 0;

  /**
   * @param prefixBytes The size of each prefix.
   * @param sizeAt Reads the size of a message from the prefix at an offset. May throw if it is invalid.
   */
  constructor(
    prefixBytes: number,
    sizeAt: (bytes: Buffer, at: number) => number,
    memory = ONE_AFTER_ANOTHER,
  ) {
    this.#prefixBytes = prefixBytes;
    this.#sizeAt = sizeAt;
    this.#memory = memory;
    this.#head = Buffer.alloc(prefixBytes);
  }

  /** @param chunk Belongs to the reader from now on: messages are views of it. */
  push(chunk: Buffer): void {
    const rest = this.#chunk.length - this.#at;
    this.#chunk = rest === 0 ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /**
   * The next complete message, or null. Take all of them before the next `push`.
   *
   * @throws What `sizeAt` throws; nothing can be read after that.
   */
  next(): Buffer | null {
    if (this.#body !== null) return this.#fill(this.#body);
    const at = this.#at;
    if (this.#headBytes === 0 && this.#chunk.length - at >= this.#prefixBytes) {
      this.#size = this.#sizeAt(this.#chunk, at);
      this.#at = at + this.#prefixBytes;
    } else if (!this.#readHead()) {
      return null;
    }
    const end = this.#at + this.#size;
    if (end > this.#chunk.length) return this.#begin();
    const body = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    return body;
  }

  get room(): Room | null {
    const bytes = this.#body;
    if (bytes === null || this.#at < this.#chunk.length) return null;
    return roomFor(bytes, this.#bodyBytes, Math.min(bytes.length, this.#size));
  }

  filled(bytes: number): void {
    this.#bodyBytes += bytes;
  }

  /**
   * Call this when there are no more bytes and `next` has returned null.
   *
   * @throws Error if the bytes end within a message; it says how much is missing.
   */
  end(): void {
    if (this.#body !== null) throw endedWithin('a message', this.#bodyBytes, this.#size);
    if (this.#headBytes > 0) throw endedWithin('a length', this.#headBytes, this.#prefixBytes);
  }

  /** Reads a length that arrived in pieces. */
  #readHead(): boolean {
    while (this.#headBytes < this.#prefixBytes) {
      const byte = this.#chunk[this.#at];
      if (byte === undefined) return this.#letGo();
      this.#head[this.#headBytes] = byte;
      this.#headBytes += 1;
      this.#at += 1;
    }
    this.#headBytes = 0;
    this.#size = this.#sizeAt(this.#head, 0);
    return true;
  }

  #begin(): Buffer | null {
    const { trusted, first } = this.#memory;
    this.#body = Buffer.allocUnsafeSlow(this.#size <= trusted ? this.#size : first);
    this.#bodyBytes = 0;
    return this.#fill(this.#body);
  }

  /** Memory grows with the bytes that arrive: a peer that only announces a length costs nothing. */
  #fill(body: Buffer): Buffer | null {
    const wanted = Math.min(this.#size - this.#bodyBytes, this.#chunk.length - this.#at);
    const needed = this.#bodyBytes + wanted;
    const target = needed <= body.length ? body : this.#grow(body, needed);
    this.#chunk.copy(target, this.#bodyBytes, this.#at, this.#at + wanted);
    this.#at += wanted;
    this.#bodyBytes = needed;
    if (needed < this.#size) {
      this.#letGo();
      return null;
    }
    this.#body = null;
    return target;
  }

  #grow(body: Buffer, needed: number): Buffer {
    const room = Math.min(this.#size, Math.max(needed, body.length * GROWTH));
    const grown = Buffer.allocUnsafeSlow(room);
    body.copy(grown, 0, 0, this.#bodyBytes);
    this.#body = grown;
    return grown;
  }

  #letGo(): false {
    this.#chunk = EMPTY;
    this.#at = 0;
    return false;
  }
}

function endedWithin(what: string, bytes: number, wanted: number): Error {
  return new Error(
    `Cannot read a message: the peer ended after ${bytes} of ${wanted} bytes of ${what}`,
  );
}
