/** The most that one UTF-16 unit takes as JSON, in bytes: an escape such as `\\u0001`. */
export const MAX_UNIT_BYTES = 6;

const PIECE_LENGTH = 8 << 10;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What the escape of each of the first characters adds, in bytes. */
const ADDED = new Uint8Array(BACKSLASH + 1);
ADDED.fill(MAX_UNIT_BYTES - 1, 0, SPACE);
for (const code of [...Buffer.from('\b\t\n\f\r'), QUOTE, BACKSLASH]) ADDED[code] = 1;

const units = new Uint16Array(PIECE_LENGTH);
const room = Buffer.from(units.buffer);

/**
 * What a text takes as JSON in UTF-8, in bytes, without its quotes. Takes about 1 ms a megabyte: units
 * in memory are looked at several times as fast as those of a string.
 */
export function jsonBytes(text: string): number {
  let bytes = Buffer.byteLength(text);
  for (let at = 0; at < text.length; at += PIECE_LENGTH) {
    bytes += addedTo(room.write(text.slice(at, at + PIECE_LENGTH), 'utf16le') / 2);
  }
  return bytes;
}

function addedTo(length: number): number {
  let added = 0;
  for (let at = 0; at < length; at += 1) {
    const unit = units[at]!;
    if (unit <= BACKSLASH) added += ADDED[unit]!;
  }
  return added;
}
