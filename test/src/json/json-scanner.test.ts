import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ANY_JSON, JsonScanner } from '../../../src/json/json-scanner.ts';

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
function isJsonText(
  text: string,
  pieceBytes = Number.POSITIVE_INFINITY,
  scanner = new JsonScanner(),
): boolean {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const end = Math.min(bytes.length, at + pieceBytes);
    if (scanner.push(bytes, at, end) < end) return false;
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

  it('accepts all that JSON.parse reads, if it is to, and counts the values (property)', () => {
    const spaced = fc
      .array(fc.constantFrom(...pieces, ' ', '\t', '\n', '\r', '\f'), { maxLength: 9 })
      .map((all) => all.join(''));
    const indented = fc
      .jsonValue({ maxDepth: 6, stringUnit: 'binary' })
      .map((value) => JSON.stringify(value, null, 2));
    fc.assert(
      fc.property(fc.oneof(spaced, indented), fc.integer({ min: 1, max: 9 }), (text, size) => {
        const scanner = new JsonScanner(ANY_JSON);
        // Spaces behind the value belong to what follows it.
        const own = text.replace(/[ \t\n\r]+$/, '');
        assert.equal(isJsonText(own, size, scanner), parses(own), text);
        if (!scanner.isWhole || !parses(own)) return;
        let values = 0;
        JSON.parse(own, (_, value: unknown) => {
          values += 1;
          return value;
        });
        const hasTwice = /"([^"\\]*)":[\s\S]*"\1":/.test(own);
        if (!hasTwice && !/[-0-9]$/.test(own)) assert.equal(scanner.values, values, text);
      }),
      { numRuns: 5_000 },
    );
  });

  it('accepts all depths, if it is to', () => {
    const deep = '[{"a":'.repeat(100_000) + '1' + '}]'.repeat(100_000);
    assert.ok(isJsonText(deep, 1_000, new JsonScanner(ANY_JSON)));
    const wrong = `${deep.slice(0, -4)}]]]]`;
    assert.ok(!isJsonText(wrong, 1_000, new JsonScanner(ANY_JSON)));
  });

  it('stops where the value ends, or is wrong', () => {
    for (const [text, end, isWhole] of [
      ['[1] ,', 3, true],
      ['"a",', 3, true],
      ['12 ', 2, true],
      ['12}', 2, true],
      ['{"a":}', 5, false],
      ['[1 2]', 3, false],
    ] as const) {
      const scanner = new JsonScanner(ANY_JSON);
      assert.equal(scanner.push(Buffer.from(text), 0, text.length), end, text);
      assert.deepEqual([scanner.isWhole, scanner.isInvalid], [isWhole, !isWhole], text);
    }
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
      assert.equal(scanner.values, 0);
      assert.ok(!scanner.isWhole);
      scanner.push(Buffer.from('[1]'), 0, 3);
      assert.ok(scanner.isWhole);
      scanner.reset();
    }
  });
});
