import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fifo } from '../../../src/collections/fifo.ts';

const MOVE = fc.oneof(
  fc.record({ type: fc.constant('push' as const), count: fc.nat({ max: 1_500 }) }),
  fc.record({ type: fc.constant('shift' as const), count: fc.nat({ max: 2_000 }) }),
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('clear' as const), count: fc.constant(0) }),
  },
);

describe('Fifo', () => {
  it('behaves like an array, also when it releases many places', () => {
    fc.assert(
      fc.property(fc.array(MOVE, { maxLength: 20 }), (moves) => {
        const fifo = new Fifo<number>();
        const array: number[] = [];
        let pushed = 0;
        for (const { type, count } of moves) {
          for (let n = 0; n < count; n += 1) {
            if (type === 'shift') assert.equal(fifo.shift(), array.shift());
            else {
              pushed += 1;
              fifo.push(pushed);
              array.push(pushed);
            }
          }
          if (type === 'clear') assert.deepEqual(fifo.clear(), array.splice(0));
          assert.deepEqual([fifo.size, fifo.peek()], [array.length, array[0]]);
        }
        assert.deepEqual(fifo.clear(), array);
      }),
    );
  });

  it('stays fast with a million items', () => {
    const fifo = new Fifo<number>();
    const count = 1_000_000;
    for (let n = 0; n < count; n += 1) fifo.push(n);
    for (let n = 0; n < count; n += 1) assert.equal(fifo.shift(), n);
    assert.equal(fifo.shift(), undefined);
  });
});
