import { isUtf8 } from 'node:buffer';
import { CodeModeError } from '../../src/errors.ts';
import { ANY_JSON, JsonScanner } from '../../src/json/json-scanner.ts';
import { notJson, parseMessage } from './connection.ts';
import { type LargeValue, placeOfLargeValue } from './large-value.ts';
import { isToolResult } from './tool-result-message.ts';

/** How much of a message is looked at at a time, in bytes. */
export const PIECE_BYTES = 64 << 10;
/** What surrounds a large value may have as many bytes. */
const MAX_SURROUNDING_BYTES = 16 << 10;

/** A message that was read. */
export interface ReadMessage {
  /** As `JSON.parse` gives it, but for `result` and what was refused, which are null in it. */
  readonly message: unknown;
  /** The text that was parsed. */
  readonly text: string;
  /** The result of a tool in a `delegate/response`, in UTF-8. */
  readonly result?: Buffer;
  /** Why its request is not parsed. */
  readonly refused?: CodeModeError;
}

/** A message that is read in pieces. */
export interface LargeReading {
  /**
   * Looks at the next piece.
   *
   * @returns The message when it was looked at to its end; otherwise null.
   * @throws Error if it cannot be read.
   */
  readOn(): ReadMessage | null;
}

/**
 * Reads a large message in pieces, so that no message keeps its reader busy for long.
 *
 * The result of a tool is checked to be JSON, but not parsed: nobody looks into it before it is in
 * its sandbox. Anything else is parsed at once when it was looked at.
 */
export class LargeMessage implements LargeReading {
  readonly #body: Buffer;
  readonly #maxValues: number;
  #place: LargeValue | null;
  readonly #scanner = new JsonScanner(ANY_JSON);
  #at: number;

  /**
   * @param maxValues The most values in a message, apart from the result of a tool.
   * @throws Error if it is not UTF-8.
   */
  constructor(body: Buffer, maxValues: number) {
    if (!isUtf8(body)) throw new Error('Cannot read a message: it is not UTF-8');
    this.#body = body;
    this.#maxValues = maxValues;
    this.#place = placeOfLargeValue(body);
    this.#at = this.#place?.start ?? 0;
  }

  /** @throws Error if it is not JSON, or has too many values and is no request. */
  readOn(): ReadMessage | null {
    const body = this.#body;
    const scanner = this.#scanner;
    const end = Math.min(body.length, this.#at + PIECE_BYTES);
    this.#at = scanner.push(body, this.#at, end);
    if (scanner.isInvalid) throw notJson();
    if (this.#at < end || (end === body.length && scanner.isWhole)) return this.#read();
    if (end === body.length) throw notJson();
    return null;
  }

  #read(): ReadMessage | null {
    const place = this.#place;
    if (place === null) return this.#readWhole();
    if (this.#body.length - this.#at > MAX_SURROUNDING_BYTES) return this.#beginAgain();
    if (place.name === 'result') return this.#readResult(place.start) ?? this.#readWhole();
    if (this.#scanner.values <= this.#maxValues) return this.#readWhole();
    const text = this.#without(place.start, 'null');
    const refused = new CodeModeError('limit_exceeded', this.#tooMany());
    return { message: parseMessage(text), text, refused };
  }

  /** Much follows what seemed to make it large. */
  #beginAgain(): null {
    this.#place = null;
    this.#at = 0;
    this.#scanner.reset();
    return null;
  }

  /** Null if it is something else than the result of a tool. */
  #readResult(start: number): ReadMessage | null {
    const text = this.#without(start, 'null');
    const message = parseMessage(text);
    const isResult = [message, parseMessage(this.#without(start, '0'))].every(
      (value, n) => isToolResult(value) && value.result.value.result === [null, 0][n],
    );
    return isResult ? { message, text, result: this.#body.subarray(start, this.#at) } : null;
  }

  #without(start: number, instead: string): string {
    const before = this.#body.toString('utf8', 0, start);
    return `${before}${instead}${this.#body.toString('utf8', this.#at)}`;
  }

  #readWhole(): ReadMessage {
    if (this.#scanner.values > this.#maxValues) throw new Error(this.#tooMany());
    const text = this.#body.toString('utf8');
    return { message: parseMessage(text), text };
  }

  #tooMany(): string {
    return `Cannot read a message: it has more than ${this.#maxValues} values`;
  }
}
