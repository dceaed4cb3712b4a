const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines. Each byte is looked at once, and none is changed. */
export class ByteLines {
  readonly #maxLineBytes: number;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * The lines that `chunk` completes, without the newline at their end.
   *
   * @throws RangeError if a line is longer than allowed; the splitter is of no use afterwards.
   */
  *push(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      this.#keep(chunk.subarray(start, end < 0 ? chunk.length : end));
      if (end < 0) return;
      yield this.rest();
      start = end + 1;
    }
  }

  /** Takes what came after the last newline; empty if nothing did. */
  rest(): Buffer {
    const [only] = this.#pieces;
    const line = this.#pieces.length === 1 && only ? only : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#size = 0;
    return line;
  }

  #keep(piece: Buffer): void {
    this.#size += piece.length;
    if (this.#size > this.#maxLineBytes) {
      throw new RangeError(`a line is longer than ${this.#maxLineBytes} bytes`);
    }
    if (piece.length > 0) this.#pieces.push(piece);
  }
}
