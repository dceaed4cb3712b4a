import { VALUES_PER_FRAME } from './message-kinds.ts';

/**
 * Divides alternating keys and JSON texts among frames. A frame has at most 64 values, which together
 * are no longer than `maxLength` UTF-16 units. A longer value goes alone.
 */
export function* valueParts(
  keysAndJson: readonly string[],
  maxLength: number,
): Generator<readonly string[]> {
  let part: string[] = [];
  let length = 0;
  for (let at = 0; at + 1 < keysAndJson.length; at += 2) {
    const [key, json] = [keysAndJson[at]!, keysAndJson[at + 1]!];
    const added = key.length + json.length;
    if (part.length > 0 && (part.length === 2 * VALUES_PER_FRAME || length + added > maxLength)) {
      yield part;
      part = [];
      length = 0;
    }
    part.push(key, json);
    length += added;
  }
  if (part.length > 0) yield part;
}
