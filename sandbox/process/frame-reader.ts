import { isUtf8 } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';
import { JsonText } from '../../src/delegate.ts';
import {
  type Frame,
  isSpare,
  LARGE_TEXT_BYTES,
  MAX_FRAME_BYTES,
  PREFIX_BYTES,
  roundedUp,
} from './frames.ts';
import { ABSENT, HEAD_BYTES, type JsonTexts } from './json-texts.ts';
import { LargeFrame } from './large-frame.ts';
import { Up } from './message-kinds.ts';
import { type Room, roomFor } from './read-ahead.ts';
import { readUint32 } from './uint32.ts';

/** A frame up to this size gets its room at once, in bytes; a larger one as its bytes arrive. */
const EAGER_BYTES = 4 << 20;

/** A frame of at least this size is decoded as its bytes arrive. */
const LARGE_FRAME_BYTES = 256 << 10;
/** How much of a text is decoded at a time, in bytes. */
const PIECE_BYTES = 64 << 10;
/** With its kind and the number of its texts. */
const OPENING_BYTES = PREFIX_BYTES + 2;

/** Reads frames from bytes as they arrive. */
export class FrameReader {
  readonly #maxFrameBytes: number;
  readonly #json: JsonTexts | null;
  /** Room for a frame, or the prefix of one, that has arrived in part. */
  #part = Buffer.alloc(0);
  #partLength = 0;
  #large: LargeFrame | null = null;

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
    let at = this.#goOn(chunk, frames);
    while (chunk.length - at >= PREFIX_BYTES) {
      const end = at + PREFIX_BYTES + this.#sizeAt(chunk, at);
      if (end > chunk.length) break;
      this.#json?.begin();
      this.#json?.look(chunk, at + PREFIX_BYTES, end);
      frames.push(this.#decode(chunk, at + PREFIX_BYTES, end));
      at = end;
    }
    if (at < chunk.length) this.#begin(chunk, at, frames);
    return frames;
  }

  /** Where the rest of a large frame belongs; null if there is none that has to be whole first. */
  get room(): Room | null {
    if (this.#large !== null || this.#partLength < OPENING_BYTES) return null;
    const end = PREFIX_BYTES + this.#sizeAt(this.#part, 0);
    return roomFor(this.#part, this.#partLength, Math.min(this.#part.length, end));
  }

  /**
   * So many of the next bytes are in the room.
   *
   * @returns The frame that they complete, if they do.
   * @throws As `push`.
   */
  filled(bytes: number): Frame[] {
    const frames: Frame[] = [];
    this.#partLength += bytes;
    this.#finish(PREFIX_BYTES + this.#sizeAt(this.#part, 0), frames);
    return frames;
  }

  /** @returns How many bytes of the chunk belonged to the frame that had arrived in part. */
  #goOn(chunk: Buffer, frames: Frame[]): number {
    if (this.#large !== null) return this.#pushLarge(this.#large, chunk, 0, frames);
    return this.#partLength === 0 ? 0 : this.#complete(chunk, frames);
  }

  #pushLarge(large: LargeFrame, bytes: Buffer, from: number, frames: Frame[]): number {
    const at = large.push(bytes, from);
    this.#large = large.isWhole ? null : large;
    if (large.isWhole) frames.push(large.frame);
    return at;
  }

  #complete(chunk: Buffer, frames: Frame[]): number {
    const missing = Math.max(0, OPENING_BYTES - this.#partLength);
    if (missing > 0) this.#keep(chunk, 0, Math.min(missing, chunk.length));
    if (this.#partLength < OPENING_BYTES) return chunk.length;
    const large = missing > 0 ? this.#largeAt(this.#part, 0) : null;
    if (large !== null) {
      large.push(this.#part.subarray(0, this.#partLength), PREFIX_BYTES);
      this.#partLength = 0;
      return this.#pushLarge(large, chunk, missing, frames);
    }
    const end = PREFIX_BYTES + this.#sizeAt(this.#part, 0);
    this.#reserve(end);
    const taken = Math.min(chunk.length, missing + end - this.#partLength);
    this.#keep(chunk, missing, taken);
    this.#finish(end, frames);
    return taken;
  }

  /** @param end Of the frame that has arrived in part, or whole by now. */
  #finish(end: number, frames: Frame[]): void {
    this.#json?.look(this.#part, PREFIX_BYTES, this.#partLength);
    if (this.#partLength < end) return;
    frames.push(this.#decode(this.#part, PREFIX_BYTES, end));
    // What is checked may pass as it is.
    if (this.#json !== null || !isSpare(this.#part.length)) this.#part = Buffer.alloc(0);
    this.#partLength = 0;
  }

  #decode(bytes: Buffer, start: number, end: number): Frame {
    const json = bytes[start] === Up.Call && bytes[start + 1] === 1 ? this.#json : null;
    if (json === null || end - start < LARGE_TEXT_BYTES) return decode(bytes, start, end);
    return decodeLargeCall(bytes, start, end, json.measuredLength);
  }

  #begin(chunk: Buffer, at: number, frames: Frame[]): void {
    const large = chunk.length - at < OPENING_BYTES ? null : this.#largeAt(chunk, at);
    if (large !== null) {
      this.#pushLarge(large, chunk, at + PREFIX_BYTES, frames);
      return;
    }
    if (chunk.length - at >= PREFIX_BYTES) this.#reserve(PREFIX_BYTES + this.#sizeAt(chunk, at));
    this.#keep(chunk, at, chunk.length);
    this.#json?.begin();
    this.#json?.look(this.#part, PREFIX_BYTES, this.#partLength);
  }

  /** Null for a frame that has to be whole first: a small one, and a call, whose argument passes as bytes. */
  #largeAt(bytes: Buffer, at: number): LargeFrame | null {
    const size = this.#sizeAt(bytes, at);
    if (this.#json === null || size < LARGE_FRAME_BYTES) return null;
    const kind = bytes[at + PREFIX_BYTES]!;
    const count = bytes[at + PREFIX_BYTES + 1]!;
    return kind === Up.Call && count === 1 ? null : new LargeFrame(size, kind, count);
  }

  /** Memory grows with the bytes that have arrived, not with those that were announced, unless these are few. */
  #keep(chunk: Buffer, from: number, to: number): void {
    const length = this.#partLength + to - from;
    if (length > this.#part.length) this.#grow(Math.max(length, 2 * this.#part.length));
    chunk.copy(this.#part, this.#partLength, from, to);
    this.#partLength = length;
  }

  #reserve(bytes: number): void {
    if (bytes > this.#part.length && bytes <= EAGER_BYTES) this.#grow(this.#sizeFor(bytes));
  }

  /** Memory that is used again has room for what is a little larger. */
  #sizeFor(bytes: number): number {
    return this.#json === null && isSpare(bytes) ? roundedUp(bytes) : bytes;
  }

  #grow(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(bytes);
    this.#part.copy(grown, 0, 0, this.#partLength);
    this.#part = grown;
  }

  #sizeAt(bytes: Buffer, at: number): number {
    const size = readUint32(bytes, at);
    if (size >= HEAD_BYTES && size <= this.#maxFrameBytes) return size;
    throw new Error(`Cannot read the frame: its length is ${size}`);
  }
}

/** The text was found to be JSON. */
function decodeLargeCall(bytes: Buffer, start: number, end: number, argumentLength: number): Frame {
  const at = start + HEAD_BYTES + 4;
  const length = readUint32(bytes, start + HEAD_BYTES);
  if (length !== end - at) throw new Error('Cannot read the frame: its text does not fill it');
  const text = bytes.subarray(at, end);
  if (!isUtf8(text)) throw new Error('Cannot read the frame: a text is not UTF-8');
  return { ...frameAt(bytes, start, []), argument: new JsonText(text), argumentLength };
}

/** In pieces, so that V8 has it on pages which it uses again: a whole one would lie in fresh memory of the system. */
function decodeText(bytes: Buffer, start: number, end: number): string {
  if (end - start <= PIECE_BYTES) return bytes.toString('utf8', start, end);
  const decoder = new StringDecoder('utf8');
  let text = '';
  for (let at = start; at < end; at += PIECE_BYTES) {
    text += decoder.write(bytes.subarray(at, Math.min(end, at + PIECE_BYTES)));
  }
  return text + decoder.end();
}

function frameAt(bytes: Buffer, start: number, texts: Frame['texts']): Frame {
  return {
    kind: bytes[start]!,
    run: readUint32(bytes, start + 2),
    a: readUint32(bytes, start + 6),
    b: readUint32(bytes, start + 10),
    texts,
  };
}

function decode(bytes: Buffer, start: number, end: number): Frame {
  const count = bytes[start + 1]!;
  const texts: (string | undefined)[] = [];
  let at = start + HEAD_BYTES + 4 * count;
  if (at > end) throw new Error('Cannot read the frame: it ends inside its head');
  for (let number = 0; number < count; number += 1) {
    const length = readUint32(bytes, start + HEAD_BYTES + 4 * number);
    if (length === ABSENT) {
      texts.push(undefined);
      continue;
    }
    if (at + length > end) throw new Error('Cannot read the frame: a text ends outside it');
    texts.push(decodeText(bytes, at, at + length));
    at += length;
  }
  if (at !== end) throw new Error('Cannot read the frame: bytes follow its texts');
  return frameAt(bytes, start, texts);
}
