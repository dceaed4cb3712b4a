import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Reading } from '../../../../host/core/reading-gate.ts';
import { SharedReading } from '../../../../host/core/shared-reading.ts';
import { type Carrier, ResultCarriers } from '../../../../host/grpc/server/result-carriers.ts';

const CONNECTIONS = 4;

class Connection implements Carrier {
  readonly reading = new SharedReading({
    pause: () => {
      this.isPaused = true;
    },
    resume: () => {
      this.isPaused = false;
    },
  });
  isPaused = false;
  /** What the gate of its sessions pauses. */
  readonly gate: Reading;
  isFull = false;
  hasEnded = false;
  /** Whose results it has carried. */
  readonly carries = new Set<Connection>([this]);

  constructor(carriers: ResultCarriers) {
    this.gate = carriers.readingOf(this);
  }
}

const connection = fc.nat({ max: CONNECTIONS - 1 });
const move = fc.oneof(
  { arbitrary: fc.tuple(fc.constant('carry' as const), connection, connection), weight: 5 },
  { arbitrary: fc.tuple(fc.constant('toggle' as const), connection, connection), weight: 5 },
  fc.tuple(fc.constant('end' as const), connection, connection),
);

describe('ResultCarriers', () => {
  it('pauses those that have carried a result for whose sessions results wait, and no others (property)', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
        const carriers = new ResultCarriers();
        const all = Array.from({ length: CONNECTIONS }, () => new Connection(carriers));
        for (const [type, one, other] of moves) {
          const [a, b] = [all[one]!, all[other]!];
          if (type === 'carry' && !a.hasEnded && !b.hasEnded) {
            carriers.carry(a, b);
            a.carries.add(b);
          } else if (type === 'toggle') {
            // Results may stop waiting after the end, too.
            if (a.hasEnded && !a.isFull) continue;
            a.isFull = !a.isFull;
            if (a.isFull) a.gate.pause();
            else a.gate.resume();
          } else if (type === 'end' && !a.hasEnded) {
            a.hasEnded = true;
            carriers.ended(a);
          }
          for (const each of all.filter(({ hasEnded }) => !hasEnded)) {
            const isPaused = [...each.carries].some((to) => to.isFull && !to.hasEnded);
            assert.equal(each.isPaused, isPaused);
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
