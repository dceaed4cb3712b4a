/**
 * Numbers from 0 to 2³² − 1 in bytes, little-endian.
 *
 * The methods of `Buffer` call five functions for each: they would be a third of all calls on the way of a
 * small message, or more.
 */

/** The number in the four bytes from there on, which must exist. */
export function readUint32(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  return (low | (bytes[at + 3]! << 24)) >>> 0;
}

/** Puts the lowest 32 bits of an integer into the four bytes from there on, which must exist. */
export function writeUint32(bytes: Uint8Array, value: number, at: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
