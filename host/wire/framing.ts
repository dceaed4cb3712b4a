/** The largest message, in bytes of its JSON text: 64 MiB. */
export const MAX_FRAME_BYTES = 64 << 20;

/** The size of the length before each message, in bytes; it is little-endian. */
export const PREFIX_BYTES = 4;

const SLAB_BYTES = 16_384;
/** Bodies of at least this size are not gathered but written as separate chunks, copied at most once. */
const LARGE_BYTES = 8_192;
/** Texts up to this length get room for the worst case instead of being measured. */
const UNMEASURED_LENGTH = 1_024;
/** A frame up to this size gets its memory at once; a larger one as it arrives. */
const TRUSTED_BYTES = 1 << 20;
const GROWTH = 4;
const EMPTY: Buffer = Buffer.alloc(0);

/** Frames messages: adds their lengths, and gathers the messages of one turn into few chunks. */
export class MessageWriter {
  readonly #write: (chunks: readonly Buffer[]) => void;
  readonly #flushLater = () => this.flush();
  #chunks: Buffer[] = [];
  #sealedBytes = 0;
  #slab = EMPTY;
  #start = 0;
  #used = 0;
  #isScheduled = false;

  /** @param write Receives the chunks of a turn, in order, and owns them. There is rarely more than one. */
  constructor(write: (chunks: readonly Buffer[]) => void) {
    this.#write = write;
  }

  /** How many sent bytes have not been written yet. */
  get gatheredBytes(): number {
    return this.#sealedBytes + this.#used - this.#start;
  }

  /**
   * @param body A large `Buffer` is written without a copy, so it must not be changed afterwards.
   * @throws RangeError if it is longer than `MAX_FRAME_BYTES`; then nothing is sent.
   */
  send(body: string | Buffer): void {
    if (typeof body === 'string') this.#sendText(body);
    else this.#sendBytes(body);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(this.#flushLater);
  }

  /** Writes what was gathered so far. */
  flush(): void {
    this.#isScheduled = false;
    this.#seal();
    if (this.#chunks.length === 0) return;
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#sealedBytes = 0;
    this.#write(chunks);
  }

  #sendText(text: string): void {
    const isShort = text.length <= UNMEASURED_LENGTH;
    const room = isShort ? text.length * 3 : Buffer.byteLength(text);
    if (room >= LARGE_BYTES) return this.#sendLarge(text, room);
    this.#reserve(PREFIX_BYTES + room);
    const at = this.#used;
    const bytes = this.#slab.write(text, at + PREFIX_BYTES);
    this.#slab.writeUInt32LE(bytes, at);
    this.#used = at + PREFIX_BYTES + bytes;
  }

  #sendLarge(text: string, bytes: number): void {
    assertFits(bytes);
    const chunk = Buffer.allocUnsafeSlow(PREFIX_BYTES + bytes);
    chunk.writeUInt32LE(bytes, 0);
    chunk.write(text, PREFIX_BYTES);
    this.#append(chunk);
  }

  #sendBytes(body: Buffer): void {
    assertFits(body.length);
    const isLarge = body.length >= LARGE_BYTES;
    this.#reserve(PREFIX_BYTES + (isLarge ? 0 : body.length));
    this.#slab.writeUInt32LE(body.length, this.#used);
    this.#used += PREFIX_BYTES;
    if (isLarge) return this.#append(body);
    body.copy(this.#slab, this.#used);
    this.#used += body.length;
  }

  #append(chunk: Buffer): void {
    this.#seal();
    this.#chunks.push(chunk);
    this.#sealedBytes += chunk.length;
  }

  /** Written memory is never changed again; the rest of the slab serves the next turns. */
  #seal(): void {
    if (this.#used === this.#start) return;
    this.#chunks.push(this.#slab.subarray(this.#start, this.#used));
    this.#sealedBytes += this.#used - this.#start;
    this.#start = this.#used;
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#slab.length) return;
    this.#seal();
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#start = 0;
    this.#used = 0;
  }
}

/** @throws RangeError if a body of this many bytes is too long for a frame. */
export function assertFits(bytes: number): void {
  if (bytes <= MAX_FRAME_BYTES) return;
  throw new RangeError(
    `Cannot send a message: it has ${bytes} bytes, at most ${MAX_FRAME_BYTES} are allowed`,
  );
}

/** Splits a stream of bytes into messages. */
export class MessageReader {
  readonly #head = Buffer.alloc(PREFIX_BYTES);
  #headBytes = 0;
  #chunk = EMPTY;
  #at = 0;
  /** The message that is being read, with room for more than has arrived; null between messages. */
  #body: Buffer | null = null;
  #bodyBytes = 0;
  #size = 0;

  /** @param chunk Belongs to the reader from now on: messages are views of it. */
  push(chunk: Buffer): void {
    const rest = this.#chunk.length - this.#at;
    this.#chunk = rest === 0 ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /**
   * The next complete message, or null. Take all of them before the next `push`.
   *
   * @throws Error if a length exceeds `MAX_FRAME_BYTES`; nothing can be read after that.
   */
  next(): Buffer | null {
    if (this.#body !== null) return this.#fill(this.#body);
    const at = this.#at;
    if (this.#headBytes === 0 && this.#chunk.length - at >= PREFIX_BYTES) {
      this.#size = checked(this.#chunk.readUInt32LE(at));
      this.#at = at + PREFIX_BYTES;
    } else if (!this.#readHead()) {
      return null;
    }
    const end = this.#at + this.#size;
    if (end > this.#chunk.length) return this.#begin();
    const body = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    return body;
  }

  /**
   * Call this when there are no more bytes and `next` has returned null.
   *
   * @throws Error if the bytes end within a message; it says how much is missing.
   */
  end(): void {
    if (this.#body !== null) throw endedWithin('a message', this.#bodyBytes, this.#size);
    if (this.#headBytes > 0) throw endedWithin('a length', this.#headBytes, PREFIX_BYTES);
  }

  /** Reads a length that arrived in pieces. */
  #readHead(): boolean {
    while (this.#headBytes < PREFIX_BYTES) {
      const byte = this.#chunk[this.#at];
      if (byte === undefined) return this.#letGo();
      this.#head[this.#headBytes] = byte;
      this.#headBytes += 1;
      this.#at += 1;
    }
    this.#headBytes = 0;
    this.#size = checked(this.#head.readUInt32LE(0));
    return true;
  }

  #begin(): Buffer | null {
    this.#body = Buffer.allocUnsafeSlow(Math.min(this.#size, TRUSTED_BYTES));
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

function checked(size: number): number {
  if (size <= MAX_FRAME_BYTES) return size;
  throw new Error(
    `Cannot read a message: its length is ${size}, at most ${MAX_FRAME_BYTES} is allowed`,
  );
}

function endedWithin(what: string, bytes: number, wanted: number): Error {
  return new Error(
    `Cannot read a message: the peer ended after ${bytes} of ${wanted} bytes of ${what}`,
  );
}
