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
const HEAD_BYTES = 14;
const ABSENT = 0xffffffff;
/** Texts up to this length are given room for the worst case instead of being measured. */
const UNMEASURED_LENGTH = 1_024;
const CHUNK_BYTES = 4_096;

/** Largest frame that is read, in bytes. Larger than anything an honest peer sends. */
export const MAX_FRAME_BYTES = 256 << 20;

/** Gathers frames, and hands out what was gathered in one turn as one chunk. */
export class FrameWriter {
  readonly #write: (chunk: Buffer) => void;
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #used = 0;
  #scheduled = false;

  /** @param write Takes chunks, which are its own from then on. */
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
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.flush());
  }

  /** Hands out what was gathered so far. */
  flush(): void {
    this.#scheduled = false;
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

/** Takes bytes as they come and gives the frames in them. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;
  #wanted = PREFIX_BYTES;

  /**
   * @returns The frames that are complete now.
   * @throws Error where the bytes are no frames; nothing can be read after that.
   */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return [];
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    const frames: Frame[] = [];
    let at = 0;
    this.#wanted = PREFIX_BYTES;
    while (all.length - at >= PREFIX_BYTES) {
      const size = all.readUInt32LE(at);
      if (size < HEAD_BYTES || size > MAX_FRAME_BYTES) {
        throw new Error(`Cannot read a frame: its length is ${size}`);
      }
      if (all.length - at < PREFIX_BYTES + size) {
        this.#wanted = PREFIX_BYTES + size;
        break;
      }
      frames.push(decode(all, at + PREFIX_BYTES, at + PREFIX_BYTES + size));
      at += PREFIX_BYTES + size;
    }
    const rest = all.subarray(at);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return frames;
  }
}

function decode(bytes: Buffer, start: number, end: number): Frame {
  const count = bytes.readUInt8(start + 1);
  const texts: (string | undefined)[] = [];
  let at = start + HEAD_BYTES + 4 * count;
  if (at > end) throw new Error('Cannot read a frame: it ends inside its head');
  for (let number = 0; number < count; number += 1) {
    const length = bytes.readUInt32LE(start + HEAD_BYTES + 4 * number);
    if (length === ABSENT) {
      texts.push(undefined);
      continue;
    }
    if (at + length > end) throw new Error('Cannot read a frame: a text ends outside it');
    texts.push(bytes.toString('utf8', at, at + length));
    at += length;
  }
  if (at !== end) throw new Error('Cannot read a frame: something follows its texts');
  return {
    kind: bytes.readUInt8(start),
    run: bytes.readUInt32LE(start + 2),
    a: bytes.readUInt32LE(start + 6),
    b: bytes.readUInt32LE(start + 10),
    texts,
  };
}
