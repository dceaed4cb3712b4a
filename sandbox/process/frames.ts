import type { JsonText } from '../../src/delegate.ts';
import { ABSENT, HEAD_BYTES } from './json-texts.ts';
import { writeUint32 } from './uint32.ts';

/**
 * A message between a host and its sandbox process: numbers and texts.
 *
 * On the pipe: length of what follows (4 bytes, little-endian like all numbers), kind (1), number
 * of texts (1), run, a, b (4 each), the length of each text in bytes (4 each, all ones for none),
 * then the texts in UTF-8.
 */
export interface Frame {
  /** 0 to 255. */
  readonly kind: number;
  /** Which program; 0 to 2³² − 1, as `a` and `b`. */
  readonly run: number;
  readonly a: number;
  readonly b: number;
  /** 255 at most. */
  readonly texts: readonly (string | undefined)[];
  /** The argument of a call instead of its text, if it is large: its bytes pass through as they are. */
  readonly argument?: JsonText;
  /** The length of the argument in UTF-16 units; 0 if it is too small to be measured without decoding. */
  readonly argumentLength?: number;
}

/** A text to send: bytes are UTF-8, and must not be changed afterwards. */
export type SentText = string | Uint8Array | undefined;

/** The size of the length before each frame, in bytes. */
export const PREFIX_BYTES = 4;
/** Texts up to this length get room for the worst case instead of being measured. */
const UNMEASURED_LENGTH = 1_024;
const CHUNK_BYTES = 4_096;
/** Gathered frames are handed out early when they are larger than this, in bytes. */
const LARGE_CHUNK_BYTES = 1 << 20;
/** Texts from this size on are not copied and not decoded, if they can pass as bytes. */
export const LARGE_TEXT_BYTES = 32 << 10;
/** Memory of at least this size is used again: the system takes long to give it. */
const MIN_SPARE_BYTES = 64 << 10;
/** A process keeps no more memory than that to use it again. */
const MAX_SPARE_BYTES = 4 << 20;
const MAX_TEXTS = 255;
/** How many bytes a UTF-16 unit takes in UTF-8 at most. */
const MAX_UNIT_BYTES = 3;
/** The largest frame that is read by default, in bytes. Larger than anything a host sends. */
export const MAX_FRAME_BYTES = 256 << 20;

/** The largest possible frame, in bytes, whose texts have `textLength` UTF-16 units together. */
export function maxFrameBytes(textLength: number): number {
  const bytes = HEAD_BYTES + 4 * MAX_TEXTS + MAX_UNIT_BYTES * textLength;
  return Math.min(bytes, 2 ** 32 - 1);
}

/** Gathers frames and hands out those of one turn as one chunk. */
export class FrameWriter {
  readonly #write: (chunk: Buffer, taken?: () => void) => void;
  readonly #flushLater = () => this.flush();
  #chunk: Buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  /** Where the frames gathered so far begin: what lies before was handed out. */
  #start = 0;
  #used = 0;
  #scheduled = false;
  #spare: Buffer | null = null;

  /**
   * @param write Takes chunks, which it owns from then on. It may call `taken` when it needs a chunk no
   *   longer, so that its memory is used again.
   */
  constructor(write: (chunk: Buffer, taken?: () => void) => void) {
    this.#write = write;
  }

  send(kind: number, run: number, a: number, b: number, ...texts: SentText[]): void {
    const [first] = texts;
    const isApart =
      texts.length === 1 && typeof first === 'object' && first.length >= LARGE_TEXT_BYTES;
    this.#reserve(PREFIX_BYTES + HEAD_BYTES + 4 * texts.length + (isApart ? 0 : sizeOf(texts)));
    const head = this.#used;
    const chunk = this.#chunk;
    chunk[head + 4] = kind;
    chunk[head + 5] = texts.length;
    writeUint32(chunk, run, head + 6);
    writeUint32(chunk, a, head + 10);
    writeUint32(chunk, b, head + 14);
    if (isApart) return this.#sendApart(head, first);
    let length = head + 18;
    let at = length + 4 * texts.length;
    for (const text of texts) {
      const bytes = text === undefined ? 0 : put(chunk, at, text);
      writeUint32(chunk, text === undefined ? ABSENT : bytes, length);
      length += 4;
      at += bytes;
    }
    writeUint32(chunk, at - head - PREFIX_BYTES, head);
    this.#used = at;
    if (at - this.#start > LARGE_CHUNK_BYTES) this.#handOut();
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#flushLater);
  }

  /** Hands out the frames gathered so far. */
  flush(): void {
    this.#scheduled = false;
    this.#handOut();
  }

  /** Hands out the frame whose head begins there, with its text as it is. */
  #sendApart(head: number, text: Uint8Array): void {
    const at = head + PREFIX_BYTES + HEAD_BYTES;
    writeUint32(this.#chunk, text.length, at);
    writeUint32(this.#chunk, HEAD_BYTES + 4 + text.length, head);
    this.#used = at + 4;
    this.#handOut();
    this.#write(Buffer.from(text.buffer, text.byteOffset, text.length));
  }

  /** Memory that was handed out is not changed again; the rest of a chunk serves the next turns. */
  #handOut(): void {
    if (this.#used === this.#start) return;
    const chunk = this.#chunk;
    const full = chunk.subarray(this.#start, this.#used);
    this.#start = this.#used;
    if (chunk.length > CHUNK_BYTES) this.#begin(Buffer.allocUnsafe(CHUNK_BYTES));
    if (!isSpare(chunk.length)) return this.#write(full);
    this.#write(full, () => {
      this.#spare = chunk;
    });
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#chunk.length) return;
    const gathered = this.#chunk.subarray(this.#start, this.#used);
    const size = Math.max(CHUNK_BYTES, roundedUp(gathered.length + bytes));
    const grown = this.#takeSpare(size) ?? Buffer.allocUnsafeSlow(size);
    gathered.copy(grown);
    this.#begin(grown);
    this.#used = gathered.length;
  }

  #begin(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#start = 0;
    this.#used = 0;
  }

  #takeSpare(bytes: number): Buffer | null {
    const spare = this.#spare;
    if (spare === null || spare.length < bytes || bytes < MIN_SPARE_BYTES) return null;
    this.#spare = null;
    return spare;
  }
}

/** Whether memory of this size is used again. */
export function isSpare(bytes: number): boolean {
  return bytes >= MIN_SPARE_BYTES && bytes <= MAX_SPARE_BYTES;
}

/** The size of memory that is used again, if so many bytes are needed now. */
export function roundedUp(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}

function put(chunk: Buffer, at: number, text: string | Uint8Array): number {
  if (typeof text === 'string') return chunk.write(text, at);
  chunk.set(text, at);
  return text.length;
}

function sizeOf(texts: readonly SentText[]): number {
  let bytes = 0;
  for (const text of texts) {
    if (text === undefined) continue;
    bytes += text.length <= UNMEASURED_LENGTH ? text.length * 3 : Buffer.byteLength(text);
  }
  return bytes;
}
