import type { Failures } from './failures.ts';
import type { Intrinsics } from './intrinsics.ts';

/** Values as JSON text. */
export interface Json {
  /** The text of a value for `text` and `notify`: primitives unchanged, the rest as JSON. */
  show(value: unknown): string;
  /** The JSON text of a program's value; throws if it has none. */
  encode(value: unknown): string;
  /** A copy of pure JSON, so that reading it runs no code of the program. */
  copy(value: unknown): unknown;
}

/** Uses nothing from outside itself. */
export function makeJson(k: Intrinsics, failures: Failures, maxLength: number): Json {
  const MAX_DEPTH = 127;
  const QUOTE = 34;
  const BACKSLASH = 92;

  function stringify(value: unknown): string | undefined {
    try {
      return k.stringify(value);
    } catch (error) {
      return failures.rethrow(error);
    }
  }

  /** The end of the string that starts before `from`: its first unescaped quote. */
  function endOfString(json: string, from: number): number {
    for (let at = from; ; at += 1) {
      at = k.indexOf(json, '"', at);
      if (at < 0) return json.length;
      let escapes = 0;
      while (k.charCodeAt(json, at - 1 - escapes) === BACKSLASH) escapes += 1;
      if (escapes % 2 === 0) return at;
    }
  }

  /** Recursive parsers fail at this depth, so fail at the sender instead of the receiver. */
  function checkDepth(json: string): void {
    let depth = 0;
    for (let at = 0; at < json.length; at += 1) {
      const code = k.charCodeAt(json, at);
      if (code === QUOTE) at = endOfString(json, at + 1);
      else if (code === 123 || code === 91) {
        depth += 1;
        if (depth > MAX_DEPTH) {
          const where = `recursion limit exceeded at line 1 column ${at + 1}`;
          failures.fail(`failed to serialize JavaScript value: ${where}`);
        }
      } else if (code === 125 || code === 93) depth -= 1;
    }
  }

  function encode(value: unknown): string {
    const json = stringify(value);
    if (json === undefined) {
      return failures.fail(
        'failed to serialize JavaScript value: expected value at line 1 column 1',
      );
    }
    if (json.length > maxLength) {
      failures.fail(
        `failed to serialize JavaScript value: it has ${json.length} characters, the limit is ${maxLength} (maxValueLength)`,
      );
    }
    if (json.length > MAX_DEPTH) checkDepth(json);
    return json;
  }

  const json = {
    __proto__: null,
    show(value: unknown): string {
      const primitive =
        value === null || (typeof value !== 'object' && typeof value !== 'function');
      if (typeof value === 'string') return value;
      if (primitive && typeof value !== 'symbol') return k.String(value);
      return stringify(value) ?? 'undefined';
    },
    encode,
    copy: (value: unknown): unknown => k.parse(encode(value)),
  };
  return json;
}
