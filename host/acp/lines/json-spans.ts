const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
const OBJECT = 0x7b;
const ARRAY = 0x5b;
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Where a JSON value is in a text: from `start` up to, but not including, `end`. In bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** All of a text. */
export function wholeOf(text: Buffer): Span {
  return { start: 0, end: text.length };
}

/**
 * The members of an object, in order, without reading their values. Nothing for any other value.
 *
 * Text that is not JSON ends the list early, or gives members that `JSON.parse` would refuse.
 */
export function* membersOf(text: Buffer, span: Span): Generator<readonly [key: string, Span]> {
  let at = inside(text, span, OBJECT);
  while (at >= 0) {
    const keyStart = skipSpaces(text, at, span.end);
    const keyEnd = text[keyStart] === QUOTE ? valueEnd(text, keyStart, span.end) : -1;
    if (keyEnd < 0) return;
    const colon = skipSpaces(text, keyEnd, span.end);
    if (text[colon] !== COLON) return;
    const start = skipSpaces(text, colon + 1, span.end);
    const end = valueEnd(text, start, span.end);
    if (end < 0) return;
    const key = stringAt(text, { start: keyStart, end: keyEnd });
    if (key !== undefined) yield [key, { start, end }];
    at = afterComma(text, end, span.end);
  }
}

/** The elements of an array, in order, in the same way. */
export function* elementsOf(text: Buffer, span: Span): Generator<Span> {
  let at = inside(text, span, ARRAY);
  while (at >= 0) {
    const start = skipSpaces(text, at, span.end);
    const end = valueEnd(text, start, span.end);
    if (end <= start) return;
    yield { start, end };
    at = afterComma(text, end, span.end);
  }
}

/** The value of a member; of several with the same key, the last one, as for `JSON.parse`. */
export function memberOf(text: Buffer, span: Span | undefined, key: string): Span | undefined {
  if (span === undefined) return undefined;
  let found: Span | undefined;
  for (const [name, value] of membersOf(text, span)) if (name === key) found = value;
  return found;
}

/** A string value; undefined for any other value. */
export function stringAt(text: Buffer, span: Span | undefined): string | undefined {
  if (span === undefined || text[span.start] !== QUOTE) return undefined;
  const inner = text.toString('utf8', span.start + 1, span.end - 1);
  if (!inner.includes('\\')) return inner;
  try {
    return JSON.parse(`"${inner}"`);
  } catch {
    return undefined;
  }
}

/** Behind the bracket that opens a value of that kind; -1 for any other value. */
function inside(text: Buffer, { start, end }: Span, opening: number): number {
  const at = skipSpaces(text, start, end);
  return text[at] === opening ? at + 1 : -1;
}

function afterComma(text: Buffer, at: number, limit: number): number {
  const next = skipSpaces(text, at, limit);
  return next < limit && text[next] === COMMA ? next + 1 : -1;
}

function skipSpaces(text: Buffer, at: number, limit: number): number {
  let next = at;
  while (next < limit && SPACES.has(text[next]!)) next += 1;
  return next;
}

/** Behind the value that begins at `at`; -1 if it does not end within the limit. */
function valueEnd(text: Buffer, at: number, limit: number): number {
  if (at >= limit) return -1;
  const first = text[at]!;
  if (first === QUOTE) return stringEnd(text, at, limit);
  if (OPENING.has(first)) return bracketEnd(text, at, limit);
  let next = at;
  while (next < limit && text[next] !== COMMA && !ends(text[next]!)) next += 1;
  return next;
}

function ends(byte: number): boolean {
  return CLOSING.has(byte) || SPACES.has(byte);
}

function stringEnd(text: Buffer, at: number, limit: number): number {
  let end = at;
  do end = text.indexOf(QUOTE, end + 1);
  while (end >= 0 && end < limit && isEscaped(text, end, at));
  return end < 0 || end >= limit ? -1 : end + 1;
}

/** Whether an odd number of backslashes is in front of a quote. */
function isEscaped(text: Buffer, quote: number, start: number): boolean {
  let first = quote;
  while (first - 1 > start && text[first - 1] === BACKSLASH) first -= 1;
  return (quote - first) % 2 === 1;
}

function bracketEnd(text: Buffer, at: number, limit: number): number {
  let depth = 0;
  for (let next = at; next < limit; next += 1) {
    const byte = text[next]!;
    if (byte === QUOTE) {
      const end = stringEnd(text, next, limit);
      if (end < 0) return -1;
      next = end - 1;
    } else if (byte === OBJECT || byte === ARRAY) depth += 1;
    else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
      if (depth === 0) return next + 1;
    }
  }
  return -1;
}
