import { ABSENT, HEAD_BYTES, type JsonTexts } from './json-texts.ts';

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
}

const PREFIX_BYTES = 4;
/** Texts up to this length get room for the worst case instead of being measured. */
const UNMEASURED_LENGTH = 1_024;
const CHUNK_BYTES = 4_096;
/** Gathered frames are handed out early when they are larger than this, in bytes. */
const LARGE_CHUNK_BYTES = 1 << 20;
const MAX_TEXTS = 255;
/** A frame up to this size gets its room at once, in bytes; a larger one as its bytes arrive. */
const EAGER_BYTES = 4 << 20;

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
  readonly #write: (chunk: Buffer) => void;
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #used = 0;
  #scheduled = false;

  /** @param write Takes chunks, which it owns from then on. */
  constructor(write: (chunk: Buffer) => void) {
    this.#write = write;
  }

  send(kind: number, run: number, a: number, b: number, ...texts: (string | undefined)[]): void {
    const head = this.#used;
    this.#reserve(PREFIX_BYTES + HEAD_BYTES + 4 * texts.length + sizeOf(texts));
    const chunk = this.#chunk;
    chunk[head + 4] = kind;
    chunk[head + 5] = texts.length;
    chunk.writeUInt32LE(run, head + 6);
    chunk.writeUInt32LE(a, head + 10);
    chunk.writeUInt32LE(b, head + 14);
    let length = head + 18;
    let at = length + 4 * texts.length;
    for (const text of texts) {
      const bytes = text === undefined ? 0 : chunk.write(text, at);
      chunk.writeUInt32LE(text === undefined ? ABSENT : bytes, length);
      length += 4;
      at += bytes;
    }
    chunk.writeUInt32LE(at - head - PREFIX_BYTES, head);
    this.#used = at;
    if (at > LARGE_CHUNK_BYTES) this.#handOut();
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.flush());
  }

  /** Hands out the frames gathered so far. */
  flush(): void {
    this.#scheduled = false;
    this.#handOut();
  }

  #handOut(): void {
    if (this.#used === 0) return;
    const full = this.#chunk.subarray(0, this.#used);
    this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    this.#used = 0;
    this.#write(full);
  }

  #reserve(bytes: number): void {
    const needed = this.#used + bytes;
    if (needed <= this.#chunk.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#chunk.length * 2));
    this.#chunk.copy(grown, 0, 0, this.#used);
    this.#chunk = grown;
  }
}

function sizeOf(texts: readonly (string | undefined)[]): number {
  let bytes = 0;
  for (const text of texts) {
    if (text === undefined) continue;
    bytes += text.length <= UNMEASURED_LENGTH ? text.length * 3 : Buffer.byteLength(text);
  }
  return bytes;
}

/** Reads frames from bytes as they arrive. */
export class FrameReader {
  readonly #maxFrameBytes: number;
  readonly #json: JsonTexts | null;
  /** Room for a frame, or the prefix of one, that has arrived in part. */
  #part = Buffer.alloc(0);
  #partLength = 0;

  /**
   * @param maxFrameBytes The largest frame that is read, in bytes, without its prefix.
   * @param json Checks the texts of frames; null for no check.
   */
  constructor(maxFrameBytes = MAX_FRAME_BYTES, json: JsonTexts | null = null) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#json = json;
  }

  /**
   * @returns The frames that this chunk completes.
   * @throws Error if the bytes are not frames, or a text is not JSON. Nothing can be read after that.
   */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let at = this.#partLength === 0 ? 0 : this.#complete(chunk, frames);
    while (chunk.length - at >= PREFIX_BYTES) {
      const end = at + PREFIX_BYTES + this.#sizeAt(chunk, at);
      if (end > chunk.length) {
        this.#reserve(end - at);
        break;
      }
      this.#json?.begin();
      this.#json?.look(chunk, at + PREFIX_BYTES, end);
      frames.push(decode(chunk, at + PREFIX_BYTES, end));
      at = end;
    }
    if (at < chunk.length) this.#begin(chunk, at);
    return frames;
  }

  /** @returns How many bytes of the chunk belonged to the frame that had arrived in part. */
  #complete(chunk: Buffer, frames: Frame[]): number {
    const missing = Math.max(0, PREFIX_BYTES - this.#partLength);
    if (missing > 0) this.#keep(chunk, 0, Math.min(missing, chunk.length));
    if (this.#partLength < PREFIX_BYTES) return chunk.length;
    const end = PREFIX_BYTES + this.#sizeAt(this.#part, 0);
    this.#reserve(end);
    const taken = Math.min(chunk.length, missing + end - this.#partLength);
    this.#keep(chunk, missing, taken);
    this.#json?.look(this.#part, PREFIX_BYTES, this.#partLength);
    if (this.#partLength < end) return taken;
    frames.push(decode(this.#part, PREFIX_BYTES, end));
    this.#part = Buffer.alloc(0);
    this.#partLength = 0;
    return taken;
  }

  #begin(chunk: Buffer, at: number): void {
    this.#keep(chunk, at, chunk.length);
    this.#json?.begin();
    this.#json?.look(this.#part, PREFIX_BYTES, this.#partLength);
  }

  /** Memory grows with the bytes that have arrived, not with those that were announced, unless these are few. */
  #keep(chunk: Buffer, from: number, to: number): void {
    const length = this.#partLength + to - from;
    if (length > this.#part.length) this.#grow(Math.max(length, 2 * this.#part.length));
    chunk.copy(this.#part, this.#partLength, from, to);
    this.#partLength = length;
  }

  #reserve(bytes: number): void {
    if (bytes > this.#part.length && bytes <= EAGER_BYTES) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(bytes);
    this.#part.copy(grown, 0, 0, this.#partLength);
    this.#part = grown;
  }

  #sizeAt(bytes: Buffer, at: number): number {
    const size = bytes.readUInt32LE(at);
    if (size >= HEAD_BYTES && size <= this.#maxFrameBytes) return size;
    throw new Error(`Cannot read the frame: its length is ${size}`);
  }
}

function decode(bytes: Buffer, start: number, end: number): Frame {
  const count = bytes.readUInt8(start + 1);
  const texts: (string | undefined)[] = [];
  let at = start + HEAD_BYTES + 4 * count;
  if (at > end) throw new Error('Cannot read the frame: it ends inside its head');
  for (let number = 0; number < count; number += 1) {
    const length = bytes.readUInt32LE(start + HEAD_BYTES + 4 * number);
    if (length === ABSENT) {
      texts.push(undefined);
      continue;
    }
    if (at + length > end) throw new Error('Cannot read the frame: a text ends outside it');
    texts.push(bytes.toString('utf8', at, at + length));
    at += length;
  }
  if (at !== end) throw new Error('Cannot read the frame: bytes follow its texts');
  return {
    kind: bytes.readUInt8(start),
    run: bytes.readUInt32LE(start + 2),
    a: bytes.readUInt32LE(start + 6),
    b: bytes.readUInt32LE(start + 10),
    texts,
  };
}
