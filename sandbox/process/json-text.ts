const MAX_DEPTH = 127;
const INVALID = -1;

const SPACE = 32;
const QUOTE = 34;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
/** Makes an ASCII letter lower case. */
const LOWER = 0x20;
const ESCAPED = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)));
const WORDS: readonly string[] = ['null', 'true', 'false'];

/**
 * Whether a text is JSON as programs send it: without spaces between tokens, nested at most 127 deep.
 *
 * Allocates nothing, unlike `JSON.parse`, which takes seconds and gigabytes for a hostile text of the
 * largest allowed length.
 */
export function isJsonText(text: string): boolean {
  return endOfValue(text, 0, 0) === text.length;
}

/** Each of these functions returns the position behind what it reads, or `INVALID`. */
function endOfValue(text: string, at: number, depth: number): number {
  switch (text.charCodeAt(at)) {
    case QUOTE:
      return endOfString(text, at + 1);
    case OPEN_BRACE:
      return depth < MAX_DEPTH ? endOfObject(text, at + 1, depth + 1) : INVALID;
    case OPEN_BRACKET:
      return depth < MAX_DEPTH ? endOfArray(text, at + 1, depth + 1) : INVALID;
    case 0x6e: // n
    case 0x74: // t
    case 0x66: // f
      return endOfWord(text, at);
  }
  return endOfNumber(text, at);
}

function endOfObject(text: string, start: number, depth: number): number {
  if (text.charCodeAt(start) === CLOSE_BRACE) return start + 1;
  for (let at = start; ; at += 1) {
    if (text.charCodeAt(at) !== QUOTE) return INVALID;
    at = endOfString(text, at + 1);
    if (at === INVALID || text.charCodeAt(at) !== COLON) return INVALID;
    at = endOfValue(text, at + 1, depth);
    if (at === INVALID) return INVALID;
    const code = text.charCodeAt(at);
    if (code === CLOSE_BRACE) return at + 1;
    if (code !== COMMA) return INVALID;
  }
}

function endOfArray(text: string, start: number, depth: number): number {
  if (text.charCodeAt(start) === CLOSE_BRACKET) return start + 1;
  for (let at = start; ; at += 1) {
    at = endOfValue(text, at, depth);
    if (at === INVALID) return INVALID;
    const code = text.charCodeAt(at);
    if (code === CLOSE_BRACKET) return at + 1;
    if (code !== COMMA) return INVALID;
  }
}

function endOfString(text: string, start: number): number {
  for (let at = start; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) {
      at = lastOfEscape(text, at + 1);
      if (at === INVALID) return INVALID;
    } else if (!(code >= SPACE)) return INVALID;
  }
}

/** The last character of an escape, unlike the other functions. */
function lastOfEscape(text: string, at: number): number {
  if (text.charCodeAt(at) !== 0x75) return ESCAPED.has(text.charCodeAt(at)) ? at : INVALID;
  for (let digit = at + 1; digit <= at + 4; digit += 1) {
    const code = text.charCodeAt(digit);
    const letter = code | LOWER;
    if (!isDigit(code) && !(letter >= 0x61 && letter <= 0x66)) return INVALID;
  }
  return at + 4;
}

function endOfWord(text: string, at: number): number {
  const word = WORDS.find((known) => text.startsWith(known, at));
  return word === undefined ? INVALID : at + word.length;
}

function endOfNumber(text: string, start: number): number {
  let at = text.charCodeAt(start) === MINUS ? start + 1 : start;
  at = text.charCodeAt(at) === ZERO ? at + 1 : endOfDigits(text, at);
  if (at !== INVALID && text.charCodeAt(at) === POINT) at = endOfDigits(text, at + 1);
  if (at === INVALID || (text.charCodeAt(at) | LOWER) !== 0x65) return at;
  const sign = text.charCodeAt(at + 1);
  return endOfDigits(text, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
}

function endOfDigits(text: string, start: number): number {
  let at = start;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at === start ? INVALID : at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
