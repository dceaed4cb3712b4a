/** How much is serialized at a time, in UTF-16 units: what is longer is cut. */
export const PIECE_LENGTH = 64 << 10;
/** What a value weighs beside its texts, in UTF-16 units: many small values take long, too. */
const VALUE_LENGTH = 16;

/** Whether a value takes so long to serialize that `jsonPieces` should do it. Looks at no more than needed. */
export function isLargeValue(value: unknown): boolean {
  return lengthOf(value, PIECE_LENGTH) > PIECE_LENGTH;
}

/** About how long the JSON text of a value is, in UTF-16 units, with each character of its texts as one. */
export function lengthOfValue(value: unknown): number {
  return lengthOf(value, Number.POSITIVE_INFINITY);
}

/**
 * The JSON text of a value, as `JSON.stringify` writes it, in pieces of at most six times
 * `PIECE_LENGTH`. Each is made when it is asked for, so that there can be other work between them.
 *
 * @param value What `JSON.parse` may return, where members may also be undefined.
 */
export function* jsonPieces(value: unknown): Generator<string> {
  if (!isLargeValue(value)) yield JSON.stringify(value);
  else if (typeof value === 'string') yield* stringPieces(value);
  else if (Array.isArray(value)) yield* arrayPieces(value);
  else yield* objectPieces(value as Readonly<Record<string, unknown>>);
}

/** A text in pieces of at most `PIECE_LENGTH`. No piece ends within a character. */
export function* textPieces(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + PIECE_LENGTH);
    if (end < text.length && isLeading(text.charCodeAt(end - 1))) end -= 1;
    yield text.slice(at, end);
    at = end;
  }
}

function* stringPieces(text: string): Generator<string> {
  yield '"';
  for (const piece of textPieces(text)) yield JSON.stringify(piece).slice(1, -1);
  yield '"';
}

/** Small elements are serialized together. */
function* arrayPieces(elements: readonly unknown[]): Generator<string> {
  let gap = '[';
  let run: unknown[] = [];
  let runLength = 0;
  for (const element of elements) {
    const length = lengthOf(element, PIECE_LENGTH);
    if (run.length > 0 && runLength + length > PIECE_LENGTH) {
      yield gap + JSON.stringify(run).slice(1, -1);
      gap = ',';
      run = [];
      runLength = 0;
    }
    if (length > PIECE_LENGTH) {
      yield gap;
      gap = ',';
      yield* jsonPieces(element);
    } else {
      run.push(element);
      runLength += length;
    }
  }
  yield `${run.length === 0 ? '' : gap + JSON.stringify(run).slice(1, -1)}]`;
}

function* objectPieces(members: Readonly<Record<string, unknown>>): Generator<string> {
  let gap = '{';
  for (const [key, value] of Object.entries(members)) {
    if (value === undefined) continue;
    yield `${gap}${JSON.stringify(key)}:`;
    gap = ',';
    yield* jsonPieces(value);
  }
  yield '}';
}

/** See `lengthOfValue`; something above `most` if it is more than that. */
function lengthOf(value: unknown, most: number): number {
  if (typeof value === 'string') return VALUE_LENGTH + value.length;
  if (typeof value !== 'object' || value === null) return VALUE_LENGTH;
  let length = VALUE_LENGTH;
  for (const key in value) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    length += VALUE_LENGTH + lengthOf(member, most - length);
    if (length > most) break;
  }
  return length;
}

function isLeading(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}
