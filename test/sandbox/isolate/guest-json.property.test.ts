import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeFailures } from '../../../sandbox/bootstrap/failures.ts';
import { captureIntrinsics } from '../../../sandbox/bootstrap/intrinsics.ts';
import { makeJson } from '../../../sandbox/bootstrap/json.ts';

const MAX_DEPTH = 127;
const intrinsics = captureIntrinsics();
const json = makeJson(intrinsics, makeFailures(intrinsics), 1 << 20);

/** Strings that look like the end of a string, or like nesting. */
const tricky = fc
  .array(fc.constantFrom('"', '\\', '[', ']', '{', '}', 'a', 'é', '\n', '\\"'), { maxLength: 12 })
  .map((parts) => parts.join(''));

const value = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    tricky,
    fc.constantFrom(null, true, 1.5),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(tricky, tie('node'), { maxKeys: 4 }),
  ),
})).node;

/** Where the text, read character by character, is nested too deeply; null where it is not. */
function tooDeepAt(text: string): number | null {
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (isQuoted && char === '\\') at += 1;
    else if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && '[{'.includes(char)) depth += 1;
    else if (!isQuoted && ']}'.includes(char)) depth -= 1;
    if (depth > MAX_DEPTH) return at;
  }
  return null;
}

describe('What a program hands out as JSON', () => {
  it('is refused where it is nested too deeply, and nowhere else', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), fc.nat(2 * MAX_DEPTH), (before, depth) => {
        let nested: unknown = 'end';
        for (let level = 0; level < depth; level += 1) nested = level % 2 ? [nested] : { nested };
        const text = JSON.stringify([...before, nested]);
        const at = tooDeepAt(text);
        if (at === null) return assert.equal(json.encode([...before, nested]), text);
        refused += 1;
        assert.throws(() => json.encode([...before, nested]), {
          message: `failed to serialize JavaScript value: recursion limit exceeded at line 1 column ${at + 1}`,
        });
      }),
      { numRuns: 500 },
    );
    assert.ok(refused > 50 && refused < 450, String(refused));
  });
});
