import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  isLargeValue,
  jsonPieces,
  lengthOfValue,
  PIECE_LENGTH,
  textPieces,
} from '../../../src/json/json-pieces.ts';

/** A text that is repeated until it is long, with whatever makes cutting it hard. */
const longText = fc
  .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 7 }), fc.integer({ min: 1, max: 3 }))
  .map(([text, times]) => text.repeat(Math.ceil((times * PIECE_LENGTH) / text.length)));
const leaf = fc.oneof(
  { arbitrary: fc.jsonValue({ maxDepth: 2 }), weight: 4 },
  { arbitrary: longText, weight: 2 },
  { arbitrary: fc.constant('\ud83d'.repeat(PIECE_LENGTH + 3)), weight: 1 },
);
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), fc.oneof(tie('value'), fc.constant(undefined)), { maxKeys: 4 }),
  ),
}));

describe('jsonPieces', () => {
  it('writes what JSON.stringify writes, in small pieces (property)', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const pieces = [...jsonPieces(value)];
        assert.equal(pieces.join(''), JSON.stringify(value));
        assert.ok(pieces.every(({ length }) => length <= 6 * PIECE_LENGTH + 2));
      }),
      { numRuns: 300 },
    );
  });

  it('makes pieces of many small values, as of few large ones', () => {
    const items = Array.from({ length: 100_000 }, (_, n) => ({ type: 'input_text', text: `${n}` }));
    const pieces = [...jsonPieces({ items, text: '\x01'.repeat(4 * PIECE_LENGTH) })];
    assert.equal(pieces.join(''), JSON.stringify({ items, text: '\x01'.repeat(4 * PIECE_LENGTH) }));
    assert.ok(pieces.length > 60, `${pieces.length} pieces`);
    assert.ok(Math.max(...pieces.map(({ length }) => length)) <= 6 * PIECE_LENGTH);
  });

  it('looks at no more of a value than it needs to know that it is large', () => {
    let looked = 0;
    const items = Array.from({ length: 100_000 }, () => ({
      get text() {
        looked += 1;
        return 'text';
      },
    }));
    assert.equal(isLargeValue(items), true);
    assert.ok(looked < 3_000, `${looked} were looked at`);
    assert.equal(isLargeValue({ id: 1, text: 'short', nothing: null }), false);
    assert.ok(lengthOfValue(items) > 100_000 * 4);
  });
});

describe('textPieces', () => {
  it('never ends a piece within a character (property)', () => {
    fc.assert(
      fc.property(longText, (text) => {
        const pieces = [...textPieces(text)];
        assert.equal(pieces.join(''), text);
        for (const piece of pieces) assert.ok(piece.length <= PIECE_LENGTH && piece !== '');
        const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
        assert.ok(bytes.equals(Buffer.from(text)));
      }),
      { numRuns: 300 },
    );
  });
});
