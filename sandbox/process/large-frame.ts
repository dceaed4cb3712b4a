import { StringDecoder } from 'node:string_decoder';
import { JsonScanner } from '../../src/json/json-scanner.ts';
import type { Frame } from './frames.ts';
import { ABSENT, HEAD_BYTES, isJsonAt } from './json-texts.ts';
import { readUint32 } from './uint32.ts';

/**
 * A large frame, whose texts are decoded and checked as their bytes come: at the end little is left to
 * do at once. Other than those of small frames, its texts never lie in memory as bytes.
 */
export class LargeFrame {
  readonly #size: number;
  readonly #kind: number;
  /** The lengths of the texts come last in it. */
  readonly #head: Buffer;
  readonly #texts: (string | undefined)[] = [];
  readonly #decoder = new StringDecoder('utf8');
  readonly #scanner = new JsonScanner();
  /** Of the text that comes. */
  #pieces: string[] = [];
  #missing = 0;
  #taken = 0;

  /** @param size In bytes, without the prefix. */
  constructor(size: number, kind: number, count: number) {
    this.#size = size;
    this.#kind = kind;
    this.#head = Buffer.alloc(HEAD_BYTES + 4 * count);
    if (this.#head.length > size) throw invalid('it ends inside its head');
  }

  get isWhole(): boolean {
    return this.#taken === this.#size;
  }

  /**
   * Takes the bytes that belong to it.
   *
   * @returns Up to where they do.
   * @throws Error if they are no frame, or a text that has to be JSON is not.
   */
  push(bytes: Buffer, from: number): number {
    let at = from + this.#pushHead(bytes, from);
    const end = Math.min(bytes.length, at + this.#size - this.#taken);
    while (at < end) {
      if (this.#missing === 0) throw invalid('bytes follow its texts');
      const to = Math.min(end, at + this.#missing);
      this.#pushText(bytes, at, to);
      at = to;
    }
    if (this.isWhole && this.#missing > 0) throw invalid('a text ends outside it');
    return at;
  }

  /** The frame, once it is whole. */
  get frame(): Frame {
    const head = this.#head;
    return {
      kind: this.#kind,
      run: readUint32(head, 2),
      a: readUint32(head, 6),
      b: readUint32(head, 10),
      texts: this.#texts,
    };
  }

  /** @returns How many bytes belonged to the head. */
  #pushHead(bytes: Buffer, from: number): number {
    const wanted = Math.min(this.#head.length - this.#taken, bytes.length - from);
    if (wanted <= 0) return 0;
    bytes.copy(this.#head, this.#taken, from, from + wanted);
    this.#taken += wanted;
    if (this.#taken === this.#head.length) this.#next();
    return wanted;
  }

  #pushText(bytes: Buffer, at: number, to: number): void {
    this.#taken += to - at;
    this.#missing -= to - at;
    this.#check(bytes, at, to);
    this.#pieces.push(this.#decoder.write(bytes.subarray(at, to)));
    if (this.#missing > 0) return;
    this.#pieces.push(this.#decoder.end());
    this.#texts.push(this.#pieces.join(''));
    this.#next();
  }

  #check(bytes: Buffer, at: number, to: number): void {
    if (!isJsonAt(this.#kind, this.#texts.length)) return;
    const taken = this.#scanner.push(bytes, at, to);
    if (taken === to && (this.#scanner.isWhole || this.#missing > 0)) return;
    throw invalid('a text is not JSON');
  }

  /** Expects the next text, if there is one that is not empty. */
  #next(): void {
    this.#pieces = [];
    this.#scanner.reset();
    for (;;) {
      const lengthAt = HEAD_BYTES + 4 * this.#texts.length;
      if (lengthAt === this.#head.length) return;
      const length = readUint32(this.#head, lengthAt);
      if (length !== ABSENT && length > 0) {
        this.#missing = length;
        return;
      }
      if (length === 0 && isJsonAt(this.#kind, this.#texts.length))
        throw invalid('a text is not JSON');
      this.#texts.push(length === 0 ? '' : undefined);
    }
  }
}

function invalid(why: string): Error {
  return new Error(`Cannot read the frame: ${why}`);
}
