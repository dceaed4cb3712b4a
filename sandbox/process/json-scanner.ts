import { FIRST_ACTION, JsonStep, NEXT_STEPS } from './json-steps.ts';

// As constants, here and in `push`: V8 reads properties and imports anew for each byte.
const { Invalid: INVALID, String: STRING, EndNumber: END_NUMBER, Close: CLOSE } = JsonStep;
const { OpenObject: OPEN_OBJECT, CommaInObject: COMMA_IN_OBJECT, KeyOrEnd: KEY_OR_END } = JsonStep;
const { OpenArray: OPEN_ARRAY, CommaInArray: COMMA_IN_ARRAY, ValueOrEnd: VALUE_OR_END } = JsonStep;

const MAX_DEPTH = 127;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Decides whether bytes are one JSON value as programs send it: UTF-8, without spaces between tokens,
 * nested 127 deep at most.
 *
 * Bytes are looked at once, as they come, so that no large text takes long in one turn. Creates
 * nothing, unlike `JSON.parse`, which takes seconds and gigabytes for a hostile text of the largest
 * allowed length.
 */
export class JsonScanner {
  #step: number = JsonStep.Value;
  #depth = 0;
  /** For each depth, what follows a value there. */
  readonly #afterValue = new Uint16Array(MAX_DEPTH + 2).fill(JsonStep.Nothing);

  /** Whether what came is a whole value. */
  get isWhole(): boolean {
    const isNumber = NEXT_STEPS[this.#step] === JsonStep.EndNumber;
    return this.#depth === 0 && (this.#step === JsonStep.Nothing || isNumber);
  }

  /** Expects another value, from its beginning. */
  reset(): void {
    this.#step = JsonStep.Value;
    this.#depth = 0;
  }

  /** Takes the bytes from `start` on, up to `end`. */
  push(bytes: Uint8Array, start: number, end: number): void {
    const afterValue = this.#afterValue;
    const steps = NEXT_STEPS;
    const firstAction = FIRST_ACTION;
    let step = this.#step;
    let depth = this.#depth;
    for (let at = start; at < end; at += 1) {
      if (step === STRING) {
        while (at < end && isPlain(bytes[at]!)) at += 1;
        if (at === end) break;
      }
      const byte = bytes[at]!;
      step = steps[step + byte]!;
      if (step === END_NUMBER) step = steps[afterValue[depth]! + byte]!;
      if (step < firstAction) continue;
      switch (step) {
        case OPEN_OBJECT:
        case OPEN_ARRAY:
          depth += 1;
          afterValue[depth] = step === OPEN_OBJECT ? COMMA_IN_OBJECT : COMMA_IN_ARRAY;
          step = step === OPEN_OBJECT ? KEY_OR_END : VALUE_OR_END;
          if (depth > MAX_DEPTH) [step, depth] = [INVALID, 0];
          continue;
        case CLOSE:
          depth -= 1;
      }
      step = afterValue[depth]!;
    }
    this.#step = step;
    this.#depth = depth;
  }
}

/** Whether a byte of a string stands for itself, or belongs to a character beyond ASCII. */
function isPlain(byte: number): boolean {
  return byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH;
}
