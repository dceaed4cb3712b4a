import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isJsonText } from '../../../sandbox/process/json-text.ts';

/** What `JSON.parse` says, of text without spaces between its tokens. */
function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const anyString = fc.string({ unit: 'binary' });
const json = fc
  .jsonValue({ maxDepth: 6, stringUnit: 'binary' })
  .map((value) => JSON.stringify(value));
const pieces = [
  '"',
  '\\',
  'u00',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-',
  '0',
  '1',
  '.',
  'e',
  '+',
  'null',
  'tru',
  '\u0000',
];

describe('JSON text', () => {
  it('is what JSON.stringify writes (property)', () => {
    fc.assert(
      fc.property(json, (text) => assert.ok(isJsonText(text))),
      { numRuns: 3_000 },
    );
  });

  it('is what JSON.parse reads, if there are no spaces between its tokens (property)', () => {
    const spoiled = fc
      .tuple(json, fc.nat(), fc.nat({ max: 3 }), fc.constantFrom(...pieces))
      .map(([text, at, cut, piece]) => {
        const from = at % (text.length + 1);
        return text.slice(0, from) + piece + text.slice(from + cut);
      });
    const pasted = fc
      .array(fc.constantFrom(...pieces), { maxLength: 8 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(fc.oneof(spoiled, pasted, anyString), (text) => {
        if (/^\s|\s$/.test(text) || /[\t\n\r ]/.test(text)) return;
        assert.equal(isJsonText(text), parses(text), text);
      }),
      { numRuns: 20_000 },
    );
  });

  it('has no spaces, and is nested 127 deep at most', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    assert.deepEqual([127, 128, 1_000_000].map(nested).map(isJsonText), [true, false, false]);
    for (const text of ['', ' 1', '1 ', '[1, 2]', '{"a": 1}', '\n']) assert.ok(!isJsonText(text));
  });

  it('is recognised without creating what it describes', () => {
    const text = `[${'{},'.repeat(1 << 20)}{}]`;
    const before = process.memoryUsage().heapUsed;
    assert.ok(isJsonText(text));
    const grownBytes = process.memoryUsage().heapUsed - before;
    assert.ok(grownBytes < 8 << 20, `${grownBytes} bytes`);
  });
});
