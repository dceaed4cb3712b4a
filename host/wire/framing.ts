import { readUint32, writeUint32 } from '../../sandbox/process/uint32.ts';
import { PrefixedReader } from '../io/prefixed-reader.ts';
import type { MessageBody } from './transport.ts';

/** The largest message, in bytes of its JSON text: 64 MiB. */
export const MAX_FRAME_BYTES = 64 << 20;

/** The size of the length before each message, in bytes; it is little-endian. */
export const PREFIX_BYTES = 4;

const SLAB_BYTES = 16_384;
/** Bodies of at least this size are not gathered but written as separate chunks, copied at most once. */
const LARGE_BYTES = 8_192;
/** Texts up to this length get room for the worst case instead of being measured. */
const UNMEASURED_LENGTH = 1_024;
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
   * @param body Large bytes are written without a copy.
   * @throws RangeError if it is longer than `MAX_FRAME_BYTES`; then nothing is sent.
   */
  send(body: MessageBody): void {
    if (typeof body === 'string') this.#sendText(body);
    else this.#sendBytes(Buffer.isBuffer(body) ? [body] : body);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#flushLater);
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
    writeUint32(this.#slab, bytes, at);
    this.#used = at + PREFIX_BYTES + bytes;
  }

  #sendLarge(text: string, bytes: number): void {
    assertFits(bytes);
    const chunk = Buffer.allocUnsafeSlow(PREFIX_BYTES + bytes);
    writeUint32(chunk, bytes, 0);
    chunk.write(text, PREFIX_BYTES);
    this.#append(chunk);
  }

  #sendBytes(parts: readonly Buffer[]): void {
    let bytes = 0;
    for (const { length } of parts) bytes += length;
    assertFits(bytes);
    this.#reserve(PREFIX_BYTES + (bytes < LARGE_BYTES ? bytes : 0));
    writeUint32(this.#slab, bytes, this.#used);
    this.#used += PREFIX_BYTES;
    for (const part of parts) this.#add(part);
  }

  #add(part: Buffer): void {
    if (part.length >= LARGE_BYTES) return this.#append(part);
    this.#reserve(part.length);
    part.copy(this.#slab, this.#used);
    this.#used += part.length;
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

/** Splits a stream of bytes into messages. Nothing can be read after a length exceeds `MAX_FRAME_BYTES`. */
export class MessageReader extends PrefixedReader {
  constructor() {
    super(PREFIX_BYTES, (bytes, at) => checked(readUint32(bytes, at)));
  }
}

function checked(size: number): number {
  if (size <= MAX_FRAME_BYTES) return size;
  throw new Error(
    `Cannot read a message: its length is ${size}, at most ${MAX_FRAME_BYTES} is allowed`,
  );
}
