import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backoffMs } from '../../../host/remote/backoff.ts';

describe('backoffMs', () => {
  it('is nothing at first, then doubles up to its bound', () => {
    const backoff = { firstMs: 100, mostMs: 1_000 };
    const waits = [0, 1, 2, 3, 4, 5, 6, 60].map((failures) => backoffMs(failures, backoff));
    assert.deepEqual(waits, [0, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
  });

  it('never shrinks, and is a time that a timer can have, whatever the bounds', () => {
    const time = fc.oneof(fc.nat(), fc.double({ min: 0, noNaN: true }));
    fc.assert(
      fc.property(fc.nat(2_000), time, time, (failures, firstMs, mostMs) => {
        const [now, next] = [0, 1].map((more) => backoffMs(failures + more, { firstMs, mostMs }));
        assert.ok(now !== undefined && next !== undefined);
        assert.ok(
          now >= 0 && next >= Math.min(now, mostMs) && next <= 2 ** 31 - 1,
          `${now} ${next}`,
        );
      }),
    );
  });
});
