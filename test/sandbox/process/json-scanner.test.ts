import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { JsonScanner } from '../../../sandbox/process/json-scanner.ts';

/** What `JSON.parse` says, of text without spaces between its tokens. */
function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether it is JSON, as its bytes come in pieces of that size. */
function isJsonText(text: string, pieceBytes = Number.POSITIVE_INFINITY): boolean {
  const bytes = Buffer.from(text);
  const scanner = new JsonScanner();
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    scanner.push(bytes, at, Math.min(bytes.length, at + pieceBytes));
  }
  return scanner.isWhole;
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

describe('JsonScanner', () => {
  it('accepts what JSON.stringify writes (property)', () => {
    fc.assert(
      fc.property(json, (text) => assert.ok(isJsonText(text))),
      { numRuns: 3_000 },
    );
  });

  it('accepts what JSON.parse reads without spaces between tokens, however it is cut (property)', () => {
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
      fc.property(
        fc.oneof(spoiled, pasted, anyString),
        fc.integer({ min: 1, max: 9 }),
        (text, size) => {
          if (/^\s|\s$/.test(text) || /[\t\n\r ]/.test(text)) return;
          assert.equal(isJsonText(text), parses(text), text);
          assert.equal(isJsonText(text, size), parses(text), text);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it('accepts no spaces, and a depth of 127 at most', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    assert.deepEqual(
      [127, 128, 1_000_000].map(nested).map((text) => isJsonText(text)),
      [true, false, false],
    );
    for (const text of ['', ' 1', '1 ', '[1, 2]', '{"a": 1}', '\n']) assert.ok(!isJsonText(text));
  });

  it('creates nothing of what the text describes', () => {
    const text = `[${'{},'.repeat(1 << 20)}{}]`;
    const before = process.memoryUsage().heapUsed;
    assert.ok(isJsonText(text));
    const grownBytes = process.memoryUsage().heapUsed - before;
    assert.ok(grownBytes < 8 << 20, `${grownBytes} bytes`);
  });

  it('expects another value after a reset, whatever came before', () => {
    const scanner = new JsonScanner();
    for (const text of ['[{"a":', '"\\u00', 'nul', '-', '1 ', '{}']) {
      scanner.push(Buffer.from(text), 0, text.length);
      scanner.reset();
      assert.ok(!scanner.isWhole);
      scanner.push(Buffer.from('[1]'), 0, 3);
      assert.ok(scanner.isWhole);
      scanner.reset();
    }
  });
});
