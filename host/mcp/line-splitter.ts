import { ByteLines } from '../io/byte-lines.ts';

/** Cuts a stream of bytes into lines of UTF-8. Each byte is looked at once. */
export class LineSplitter {
  readonly #lines: ByteLines;

  constructor(maxLineBytes: number) {
    this.#lines = new ByteLines(maxLineBytes);
  }

  /**
   * The lines that `chunk` completes, without their ends.
   *
   * @throws RangeError where a line is longer than allowed; the splitter is of no use afterwards.
   */
  *push(chunk: Buffer): Generator<string> {
    for (const bytes of this.#lines.push(chunk)) {
      const line = bytes.toString('utf8');
      yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
  }
}
