import { FIRST_ACTION, JsonStep, NEXT_STEPS, NEXT_STEPS_WITH_SPACES } from './json-steps.ts';
import { endOfPlain, isPlain } from './plain-bytes.ts';

// As constants, here and in `push`: V8 reads properties and imports anew for each byte.
const { Value: VALUE, Invalid: INVALID, Nothing: NOTHING } = JsonStep;
const { String: STRING, EndNumber: END_NUMBER, Close: CLOSE } = JsonStep;
const { OpenObject: OPEN_OBJECT, CommaInObject: COMMA_IN_OBJECT, KeyOrEnd: KEY_OR_END } = JsonStep;
const { OpenArray: OPEN_ARRAY, CommaInArray: COMMA_IN_ARRAY, ValueOrEnd: VALUE_OR_END } = JsonStep;

/** A longer run of plain bytes is not looked at byte by byte. */
const SHORT_BYTES = 128;
/** How deep programs may nest values. */
const MAX_SENT_DEPTH = 127;
/** Depths in one element of the stack, and how many elements it has at first. */
const WORD_BITS = 32;
const FIRST_WORDS = 4;

/** What a scanner accepts. */
export interface JsonScannerOptions {
  /** Whether there may be spaces between tokens. */
  readonly spaces: boolean;
  /** How deep values may be nested. */
  readonly maxDepth: number;
}

/** JSON as programs send it. */
const SENT: JsonScannerOptions = { spaces: false, maxDepth: MAX_SENT_DEPTH };
/** All JSON. */
export const ANY_JSON: JsonScannerOptions = { spaces: true, maxDepth: Number.POSITIVE_INFINITY };

/**
 * Decides whether bytes begin with one JSON value, and where it ends. UTF-8 is not checked.
 *
 * Bytes are looked at once, as they come, so that no large text takes long in one turn. Creates
 * nothing, unlike `JSON.parse`, which takes seconds and gigabytes for a hostile text of the largest
 * allowed length.
 */
export class JsonScanner {
  readonly #steps: Uint16Array;
  readonly #maxDepth: number;
  #step: number = VALUE;
  #depth = 0;
  #values = 0;
  /** For each depth, one bit: whether that is an object. */
  #objects: Uint32Array = new Uint32Array(FIRST_WORDS);

  /** @param options Default: JSON as programs send it, without spaces and 127 deep at most. */
  constructor(options = SENT) {
    this.#steps = options.spaces ? NEXT_STEPS_WITH_SPACES : NEXT_STEPS;
    this.#maxDepth = options.maxDepth;
  }

  /** Whether what came is a whole value. */
  get isWhole(): boolean {
    const isNumber = NEXT_STEPS[this.#step] === END_NUMBER;
    return this.#depth === 0 && (this.#step === NOTHING || isNumber);
  }

  /** Whether what came is no beginning of a value. */
  get isInvalid(): boolean {
    return this.#step === INVALID;
  }

  /** How many values have ended, each element and member counted. */
  get values(): number {
    return this.#values;
  }

  /** Expects another value, from its beginning. */
  reset(): void {
    this.#step = VALUE;
    this.#depth = 0;
    this.#values = 0;
  }

  /**
   * Takes the bytes from `start` on, up to `end`.
   *
   * @returns Up to where they were taken: to the end of the value, or to the first byte that is wrong.
   */
  push(bytes: Uint8Array, start: number, end: number): number {
    const steps = this.#steps;
    const firstAction = FIRST_ACTION;
    let objects = this.#objects;
    let step = this.#step;
    let depth = this.#depth;
    let values = this.#values;
    let after = followsIn(objects, depth);
    if (step === NOTHING) return start;
    let at = start;
    for (; at < end; at += 1) {
      if (step === STRING) {
        const near = Math.min(end, at + SHORT_BYTES);
        while (at < near && isPlain(bytes[at]!)) at += 1;
        if (at === near) at = endOfPlain(bytes, at, end);
        if (at === end) break;
      }
      const byte = bytes[at]!;
      step = steps[step + byte]!;
      if (step === END_NUMBER) {
        values += 1;
        step = after;
        if (step === NOTHING) break;
        step = steps[step + byte]!;
      }
      if (step < firstAction) {
        if (step === INVALID) break;
        continue;
      }
      switch (step) {
        case OPEN_OBJECT:
        case OPEN_ARRAY:
          depth += 1;
          if (depth > this.#maxDepth) [step, depth] = [INVALID, 0];
          else {
            objects = this.#opened(depth, step === OPEN_OBJECT);
            after = step === OPEN_OBJECT ? COMMA_IN_OBJECT : COMMA_IN_ARRAY;
            step = step === OPEN_OBJECT ? KEY_OR_END : VALUE_OR_END;
          }
          if (step === INVALID) break;
          continue;
        case CLOSE:
          depth -= 1;
          after = followsIn(objects, depth);
      }
      if (step === INVALID) break;
      values += 1;
      step = after;
      if (step === NOTHING) {
        at += 1;
        break;
      }
    }
    this.#step = step;
    this.#depth = depth;
    this.#values = values;
    return at;
  }

  #opened(depth: number, isObject: boolean): Uint32Array {
    const word = depth >>> 5;
    let objects = this.#objects;
    if (word === objects.length) {
      objects = new Uint32Array(2 * word);
      objects.set(this.#objects);
      this.#objects = objects;
    }
    const bit = 1 << (depth % WORD_BITS);
    if (isObject) objects[word]! |= bit;
    else objects[word]! &= ~bit;
    return objects;
  }
}

/** What follows a value at a depth. */
function followsIn(objects: Uint32Array, depth: number): number {
  if (depth === 0) return NOTHING;
  const isObject = (objects[depth >>> 5]! >>> (depth % WORD_BITS)) & 1;
  return isObject === 1 ? COMMA_IN_OBJECT : COMMA_IN_ARRAY;
}
