import { isUtf8 } from 'node:buffer';
import { CodeModeError } from '../../src/errors.ts';
import { ANY_JSON, JsonScanner } from '../../src/json/json-scanner.ts';
import { CLIENT_MESSAGE, isWays, putCarried, type Way, type Ways } from './carried-values.ts';
import { notJson, parseMessage } from './connection.ts';
import { withExactId } from './exact-id.ts';

/** How much of a message is looked at at a time, in bytes. */
export const PIECE_BYTES = 64 << 10;
/** What surrounds a request that is refused may have as many bytes. */
const MAX_SURROUNDING_BYTES = 16 << 10;
const MAX_KEY_BYTES = 64;

/** A message that was read. */
export interface ReadMessage {
  /**
   * As `JSON.parse` gives it, with its exact id, but for the result of a tool and the schemas of tools,
   * which are `JsonText`, and the message of an error, which is an `ErrorText`.
   */
  readonly message: unknown;
  /** Why its request is not parsed, which is null then. */
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

/** What a message may have of what is parsed at once when it was looked at. */
export interface LargeMessageLimits {
  /** Size without what is carried, in bytes. */
  readonly maxParsedBytes: number;
  readonly maxTools: number;
  /** Values that no message of a client has, and values in lists and options. */
  readonly maxOtherValues: number;
  /** Values in schemas: whoever reads one parses it. */
  readonly maxSchemaValues: number;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const [BRACE, END_BRACE, BRACKET, END_BRACKET, COMMA, COLON, QUOTE] = Buffer.from(
  '{}[],:"',
) as unknown as [number, number, number, number, number, number, number];
const [SPACE, TAB, LINE_FEED, RETURN] = [0x20, 0x09, 0x0a, 0x0d];

/**
 * Reads a large message in pieces, so that no message keeps its reader busy for long.
 *
 * What nobody on the way looks into is checked to be JSON, and carried as bytes: see `Ways`. The rest
 * is bounded, and parsed at once when everything was looked at.
 */
export class LargeMessage implements LargeReading {
  readonly #body: Buffer;
  readonly #limits: LargeMessageLimits;
  readonly #scanner = new JsonScanner(ANY_JSON);
  readonly #steps: Generator<void, ReadMessage>;
  readonly #carried: Span[] = [];
  #carriedBytes = 0;
  readonly #requests: Span[] = [];
  #id: Span | null = null;
  #at = 0;
  /** How much may still be looked at before the next step, in bytes. */
  #left = PIECE_BYTES;
  #tools = 0;
  #otherValues = 0;
  #schemaValues = 0;

  /** @throws Error if it is not UTF-8. */
  constructor(body: Buffer, limits: LargeMessageLimits) {
    if (!isUtf8(body)) throw new Error('Cannot read a message: it is not UTF-8');
    this.#body = body;
    this.#limits = limits;
    this.#steps = this.#read();
  }

  /** @throws Error if it is not JSON, or exceeds a limit and is no request. */
  readOn(): ReadMessage | null {
    this.#left = PIECE_BYTES;
    const { done, value } = this.#steps.next();
    return done ? value : null;
  }

  /** What has to be done at once is divided, too. */
  *#read(): Generator<void, ReadMessage> {
    yield* this.#value(CLIENT_MESSAGE, true);
    if (this.#at < this.#body.length) throw notJson();
    yield;
    const excess = this.#excess();
    if (excess !== null) return this.#refuse(excess);
    const text = this.#without(this.#carried, String);
    yield;
    const parsed = parseMessage(text);
    yield;
    const bytes = this.#carried.map(({ start, end }) => this.#body.subarray(start, end));
    const message = this.#withId(putCarried(parsed, CLIENT_MESSAGE, bytes));
    yield;
    return { message };
  }

  /** What the message has too much of; null if that is nothing. */
  #excess(): string | null {
    const { maxParsedBytes, maxTools, maxOtherValues, maxSchemaValues } = this.#limits;
    if (this.#tools > maxTools) return `${maxTools} tools`;
    if (this.#schemaValues > maxSchemaValues) return `${maxSchemaValues} values in schemas`;
    if (this.#otherValues > maxOtherValues) return `${maxOtherValues} values besides its tools`;
    const parsedBytes = this.#body.length - this.#carriedBytes;
    return parsedBytes > maxParsedBytes ? `${maxParsedBytes} bytes besides schemas` : null;
  }

  #refuse(excess: string): ReadMessage {
    const text = `Cannot read a message: it has more than ${excess}`;
    const [request] = this.#requests;
    const surrounding =
      this.#body.length - (request === undefined ? 0 : request.end - request.start);
    if (this.#requests.length !== 1 || surrounding > MAX_SURROUNDING_BYTES) throw new Error(text);
    const message = this.#withId(parseMessage(this.#without(this.#requests, () => 'null')));
    return { message, refused: new CodeModeError('limit_exceeded', text) };
  }

  #withId(message: unknown): unknown {
    const { start, end } = this.#id ?? { start: 0, end: 0 };
    if (start === end || end - start > MAX_KEY_BYTES) return message;
    return withExactId(message, `{"id":${this.#body.toString('utf8', start, end)}}`);
  }

  /** The text with something instead of these places. */
  #without(spans: readonly Span[], instead: (number: number) => string): string {
    const parts: string[] = [];
    let from = 0;
    spans.forEach(({ start, end }, number) => {
      parts.push(this.#body.toString('utf8', from, start), instead(number));
      from = end;
    });
    return parts.join('') + this.#body.toString('utf8', from);
  }

  /** Looks at a value, and the spaces around it. */
  *#value(way: Way, isTop = false): Generator<void, void> {
    yield* this.#spaces();
    const mark = this.#body[this.#at];
    if (isWays(way) && mark === BRACE) yield* this.#object(way, isTop);
    else if (Array.isArray(way) && mark === BRACKET) yield* this.#list((way as readonly [Ways])[0]);
    else yield* this.#whole(way);
    yield* this.#spaces();
  }

  *#object(ways: Ways, isTop: boolean): Generator<void, void> {
    do {
      this.#at += 1;
      yield* this.#spaces();
      if (this.#mark === END_BRACE) break;
      const key = yield* this.#key();
      if (this.#mark !== COLON) throw notJson();
      this.#at += 1;
      yield* this.#spaces();
      const start = this.#at;
      const way = Object.hasOwn(ways, key) ? ways[key]! : undefined;
      if (way === undefined) this.#otherValues += 1;
      yield* this.#value(way ?? null);
      if (isTop) this.#found(key, { start, end: this.#at });
    } while (this.#mark === COMMA);
    if (this.#mark !== END_BRACE) throw notJson();
    this.#at += 1;
  }

  *#list(ways: Ways): Generator<void, void> {
    do {
      this.#at += 1;
      yield* this.#spaces();
      if (this.#mark === END_BRACKET) break;
      this.#tools += 1;
      yield* this.#value(ways);
    } while (this.#mark === COMMA);
    if (this.#mark !== END_BRACKET) throw notJson();
    this.#at += 1;
  }

  #found(key: string, span: Span): void {
    if (key === 'request') this.#requests.push(span);
    if (key === 'id') this.#id = span;
  }

  /** The key here, and the spaces behind it; empty for one that is too long to be known. */
  *#key(): Generator<void, string> {
    const start = this.#at;
    if (this.#mark !== QUOTE) throw notJson();
    yield* this.#scan();
    const end = this.#at;
    yield* this.#spaces();
    if (end - start > MAX_KEY_BYTES) return '';
    return parseMessage(this.#body.toString('utf8', start, end)) as string;
  }

  *#whole(way: Way): Generator<void, void> {
    const start = this.#at;
    const mark = this.#mark;
    yield* this.#scan();
    const isNull = mark === 'n'.charCodeAt(0);
    if ((way === 'json' || way === 'text') && !isNull) {
      this.#carried.push({ start, end: this.#at });
      this.#carriedBytes += this.#at - start;
      // A result is on its way to a sandbox; schemas may be read here.
      if (this.#tools > 0) this.#schemaValues += this.#scanner.values;
    } else if (mark === BRACE || mark === BRACKET) {
      this.#otherValues += this.#scanner.values;
    }
  }

  /** Looks at the value here to its end. */
  *#scan(): Generator<void, void> {
    const body = this.#body;
    this.#scanner.reset();
    for (;;) {
      const end = Math.min(body.length, this.#at + this.#left);
      const at = this.#scanner.push(body, this.#at, end);
      this.#took(at);
      if (this.#scanner.isInvalid) throw notJson();
      if (at < end) return;
      if (end === body.length) break;
      if (this.#left === 0) yield;
    }
    if (!this.#scanner.isWhole) throw notJson();
  }

  *#spaces(): Generator<void, void> {
    const body = this.#body;
    while (this.#at < body.length) {
      const end = Math.min(body.length, this.#at + this.#left);
      let at = this.#at;
      while (at < end && isSpace(body[at]!)) at += 1;
      this.#took(at);
      if (at < end) return;
      if (this.#left === 0) yield;
    }
  }

  get #mark(): number | undefined {
    return this.#body[this.#at];
  }

  #took(at: number): void {
    this.#left -= at - this.#at;
    this.#at = at;
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === RETURN || byte === TAB;
}
