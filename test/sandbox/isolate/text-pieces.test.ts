import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  isLong,
  PIECE_LENGTH,
  piecesOf,
  ReceivedPieces,
} from '../../../sandbox/isolate/text-pieces.ts';

const MAX = 4 * PIECE_LENGTH;

describe('The pieces of a text', () => {
  it('are the text again, and none is longer than it may be', () => {
    const unit = fc.constantFrom('x', 'é', '😀', '\ud83d', '\n');
    fc.assert(
      fc.property(unit, fc.integer({ min: 1, max: MAX }), (unit, count) => {
        const text = `a${unit.repeat(count)}`;
        const pieces = piecesOf(text).map(([piece]) => piece);
        assert.equal(pieces.join(''), text);
        assert.ok(pieces.every(({ length }) => length > 0 && length <= PIECE_LENGTH));
        const received = new ReceivedPieces(text.length);
        assert.ok(pieces.every((piece) => received.add(piece)));
        assert.equal(received.take(text.length), text);
      }),
      { numRuns: 50 },
    );
  });

  it('are made of what is longer than two of them', () => {
    assert.equal(isLong('x'.repeat(2 * PIECE_LENGTH)), false);
    assert.equal(isLong('x'.repeat(2 * PIECE_LENGTH + 1)), true);
  });

  it('may not be longer than the text may be, nor more than that has', () => {
    const long = new ReceivedPieces(10);
    assert.equal(long.add('x'.repeat(10)), true);
    assert.equal(long.add('x'), false);
    const many = new ReceivedPieces(MAX);
    for (let n = 0; n < 4; n += 1) assert.equal(many.add(''), true);
    assert.equal(many.add(''), false);
  });

  it('are no text if they are not as long, and are forgotten', () => {
    const received = new ReceivedPieces(MAX);
    received.add('abc');
    assert.equal(received.take(4), null);
    received.add('d');
    assert.equal(received.take(1), 'd');
    assert.equal(received.take(1), null);
  });
});
