import type { Piece } from '../bootstrap/bridge-types.ts';

/**
 * The length of a piece, in UTF-16 units. Up to 64 KiB, V8 and the C library use the same memory again and
 * again. A larger block is taken from the system, page by page, and given back, each time that a text crosses.
 */
export const PIECE_LENGTH = 32 << 10;

/** Whether a text goes into an isolate in pieces. */
export function isLong(text: string): boolean {
  return text.length > 2 * PIECE_LENGTH;
}

/**
 * The pieces of a text. Isolates take UTF-16, so a character may be divided between two of them, unlike
 * with `textPieces`, and there are never more than the length asks for.
 */
export function piecesOf(text: string): readonly Piece[] {
  const count = Math.ceil(text.length / PIECE_LENGTH);
  return Array.from({ length: count }, (_, at) => [
    text.slice(at * PIECE_LENGTH, (at + 1) * PIECE_LENGTH),
  ]);
}

/** The pieces of a text that comes out of an isolate, where a program may have broken what sends them. */
export class ReceivedPieces {
  readonly #maxLength: number;
  #pieces: string[] = [];
  #length = 0;

  /** @param maxLength The longest text, in UTF-16 units. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** @returns Whether they are not too long, nor too many. */
  add(piece: string): boolean {
    this.#length += piece.length;
    this.#pieces.push(piece);
    const maxPieces = Math.ceil(this.#maxLength / PIECE_LENGTH);
    return this.#length <= this.#maxLength && this.#pieces.length <= maxPieces;
  }

  /** The text, if it is so long; otherwise null. They are forgotten. */
  take(length: number): string | null {
    const text = this.#length === length ? this.#pieces.join('') : null;
    this.#pieces = [];
    this.#length = 0;
    return text;
  }
}
