import { JsonScanner } from '../../src/json/json-scanner.ts';
import { Up } from './message-kinds.ts';
import { readUint32 } from './uint32.ts';

/** Where the parts of a frame are: see `Frame`. */
export const HEAD_BYTES = 14;
/** The length of a text that is absent. */
export const ABSENT = 0xffffffff;

/** A text of at least this size is measured as it comes, in bytes: to decode it for that would take long. */
export const MEASURED_BYTES = 4 << 20;

/** Checks the texts of frames that have to be JSON, as their bytes come. */
export class JsonTexts {
  readonly #scanner = new JsonScanner();
  /** The text that is looked at, where it begins, and up to where it was looked at: from the frame's beginning. */
  #index = 0;
  #start = 0;
  #at = 0;
  #length = 0;

  /** Expects another frame. */
  begin(): void {
    this.#index = 0;
    this.#start = 0;
    this.#length = 0;
  }

  /** The length of the frame's texts that are JSON and were measured, in UTF-16 units. */
  get measuredLength(): number {
    return this.#length;
  }

  /**
   * Looks at what has come of a frame since the last time: it begins at `from` and has come up to `to`.
   *
   * @throws Error if a text that has to be JSON is not.
   */
  look(bytes: Buffer, from: number, to: number): void {
    if (to - from < HEAD_BYTES || !hasJson(bytes[from]!)) return;
    const count = bytes[from + 1]!;
    const head = HEAD_BYTES + 4 * count;
    if (to - from < head) return;
    if (this.#start === 0) this.#go(head);
    for (; this.#index < count; this.#index += 1) {
      const length = readUint32(bytes, from + HEAD_BYTES + 4 * this.#index);
      if (length !== ABSENT && !this.#lookAt(bytes, from, to, length)) return;
    }
  }

  /** @returns Whether the text has come whole. */
  #lookAt(bytes: Buffer, from: number, to: number, length: number): boolean {
    const end = this.#start + length;
    const come = Math.min(end, to - from);
    const isJson = isJsonAt(bytes[from]!, this.#index);
    if (isJson) this.#check(bytes, from + this.#at, from + come, come === end);
    if (isJson && length >= MEASURED_BYTES) {
      this.#length += unitsIn(bytes, from + this.#at, from + come);
    }
    this.#at = come;
    if (come < end) return false;
    this.#go(end);
    return true;
  }

  #check(bytes: Buffer, start: number, end: number, isLast: boolean): void {
    const taken = this.#scanner.push(bytes, start, end);
    if (taken === end && (this.#scanner.isWhole || !isLast)) return;
    throw new Error('Cannot read the frame: a text is not JSON');
  }

  #go(start: number): void {
    this.#start = start;
    this.#at = start;
    this.#scanner.reset();
  }
}

/** How many UTF-16 units these bytes of UTF-8 begin. */
function unitsIn(bytes: Buffer, start: number, end: number): number {
  let units = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

function hasJson(kind: number): boolean {
  return kind === Up.Call || kind === Up.Writes;
}

/** Whether a text has to be JSON: the argument of a call, and what is stored under keys. */
export function isJsonAt(kind: number, index: number): boolean {
  return kind === Up.Call ? index === 0 : kind === Up.Writes && index % 2 === 1;
}
