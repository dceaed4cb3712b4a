/** Texts up to this length are parsed in place: the densest of them takes a few milliseconds. */
const SMALL_LENGTH = 131_072;
/** Tokens that are read in one turn: a millisecond or two. */
const TOKENS_PER_TURN = 10_000;
/** Arrays and objects inside each other. */
const MAX_DEPTH = 10_000;

const SPACE = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON does not allow them in strings.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

/**
 * Checks that a text is one JSON value, without blocking this thread: a large text is read in
 * pieces, and nothing is built of it.
 *
 * @returns Undefined if it was checked in place.
 * @throws SyntaxError if it is not JSON, or nested more than 10,000 deep; in the promise for a large text.
 */
export function checkJson(text: string): Promise<void> | undefined {
  if (text.length > SMALL_LENGTH) return checkInPieces(new JsonScanner(text));
  JSON.parse(text);
  return undefined;
}

async function checkInPieces(scanner: JsonScanner): Promise<void> {
  while (!scanner.scan(TOKENS_PER_TURN)) await new Promise(setImmediate);
}

/** What may come next. */
type Expected =
  | 'rest-of-string'
  | 'value'
  | 'value-or-end'
  | 'key'
  | 'key-or-end'
  | 'colon'
  | 'comma-or-end';

/** Reads JSON token by token, and strings escape by escape. */
export class JsonScanner {
  readonly #text: string;
  #at = 0;
  #expected: Expected = 'value';
  /** What comes behind the string that is being read. */
  #behind: Expected = 'value';
  /** The ends of the arrays and objects around, the innermost last. */
  readonly #ends: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * Reads on.
   *
   * @returns Whether the text was read to its end.
   * @throws SyntaxError if it is not JSON.
   */
  scan(maxTokens: number): boolean {
    for (let tokens = 0; tokens < maxTokens; tokens += 1) {
      if (this.#expected === 'rest-of-string') {
        this.#restOfString();
        continue;
      }
      this.#skip(SPACE);
      if (this.#at === this.#text.length) {
        if (this.#ends.length === 0 && this.#expected === 'comma-or-end') return true;
        throw this.#error();
      }
      this.#token(this.#text[this.#at]!);
    }
    return false;
  }

  #token(character: string): void {
    switch (this.#expected) {
      case 'value-or-end':
        if (character === ']') return this.#close(character);
        return this.#value(character);
      case 'value':
        return this.#value(character);
      case 'key-or-end':
        if (character === '}') return this.#close(character);
        return this.#key(character);
      case 'key':
        return this.#key(character);
      case 'colon':
        if (character !== ':') throw this.#error();
        return this.#next('value');
      case 'comma-or-end':
        if (character !== ',') return this.#close(character);
        return this.#next(this.#ends.at(-1) === '}' ? 'key' : this.#afterComma());
    }
  }

  #value(character: string): void {
    if (character === '{' || character === '[') return this.#open(character);
    if (character === '"') return this.#string('comma-or-end');
    if (!this.#skip(SCALAR)) throw this.#error();
    this.#expected = 'comma-or-end';
  }

  #key(character: string): void {
    if (character !== '"') throw this.#error();
    this.#string('colon');
  }

  #open(character: string): void {
    if (this.#ends.length >= MAX_DEPTH) {
      throw new SyntaxError(`the value is nested more than ${MAX_DEPTH} deep`);
    }
    this.#ends.push(character === '{' ? '}' : ']');
    this.#next(character === '{' ? 'key-or-end' : 'value-or-end');
  }

  #close(character: string): void {
    if (this.#ends.pop() !== character) throw this.#error();
    this.#next('comma-or-end');
  }

  #afterComma(): Expected {
    if (this.#ends.length === 0) throw this.#error();
    return 'value';
  }

  #next(expected: Expected): void {
    this.#at += 1;
    this.#expected = expected;
  }

  #string(behind: Expected): void {
    this.#at += 1;
    this.#behind = behind;
    this.#restOfString();
  }

  /** Reads to the end of the string, or past its next escape. */
  #restOfString(): void {
    this.#skip(PLAIN);
    if (this.#text[this.#at] === '"') return this.#next(this.#behind);
    if (!this.#skip(ESCAPE)) throw this.#error();
    this.#expected = 'rest-of-string';
  }

  /** @returns Whether anything matched here. */
  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    const moved = pattern.lastIndex > this.#at;
    this.#at = pattern.lastIndex;
    return moved;
  }

  #error(): SyntaxError {
    const found = this.#text[this.#at];
    const what = found === undefined ? 'end of text' : `token ${JSON.stringify(found)}`;
    return new SyntaxError(`Unexpected ${what} in JSON at position ${this.#at}`);
  }
}
