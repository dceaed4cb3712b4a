/** The last part of a text that arrives in pieces. */
export class TextTail {
  readonly #maxLength: number;
  #text = '';
  #shortened = false;

  /** @param maxLength How much is kept, in UTF-16 units. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  push(piece: string): void {
    const joined = this.#text + piece;
    this.#text = joined.slice(-this.#maxLength);
    this.#shortened ||= this.#text.length < joined.length;
  }

  /** Whole lines if possible: an incomplete first line is left out if others follow. */
  toString(): string {
    const text = this.#text.trimEnd();
    const lineEnd = text.indexOf('\n');
    return this.#shortened && lineEnd >= 0 ? text.slice(lineEnd + 1) : text;
  }
}
