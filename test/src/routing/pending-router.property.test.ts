import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RouterModel } from '../../support/router-model.ts';
import { MOVES, type Move } from '../../support/router-moves.ts';
import { RouterPlay, SMALL_LIMITS } from '../../support/router-play.ts';
import { Storm } from '../../support/router-storm.ts';

/** The result, then answers in any order, then deliveries and early service in theirs. */
function told(seen: readonly string[]): string {
  const answers = seen.filter((line) => line.startsWith('answered')).sort();
  const deliveries = seen.filter((line) => line.startsWith('delivered'));
  const served = seen.filter((line) => line.startsWith('served'));
  return [seen[0], ...answers, ...deliveries, ...served].join('; ');
}

/** A guard that has ended is released again, when an event has made clear whose id waits. */
const RELEASED_TWICE: Move[] = [
  { type: 'open', slot: 0, early: 'none', parkMs: 10 },
  { type: 'open', slot: 1, early: 'odd', parkMs: 10 },
  { type: 'request', id: 'a', bytes: 0, token: undefined },
  { type: 'release', slot: 0, id: 'a' },
  { type: 'event', id: 'a', bytes: 0, token: undefined },
  { type: 'release', slot: 0, id: 'a' },
];

describe('PendingRouter, whatever happens in whatever order', () => {
  it('C18 does what the model does, and answers or delivers every request once', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    fc.assert(
      fc.property(MOVES, (moves) => {
        const play = new RouterPlay((ms) => t.mock.timers.tick(ms));
        const model = new RouterModel(SMALL_LIMITS);
        for (const move of moves) {
          play.play(move);
          model.play(move);
          assert.equal(told(play.seen), told(model.seen), JSON.stringify(move));
          assert.equal(play.figures, model.figures, JSON.stringify(move));
        }
        play.rig.assertNothingLost();
        for (const replies of play.rig.replies.values()) assert.equal(replies.length, 1);
        play.rig.router.close(new Error('over'));
        assert.equal(play.rig.router.stats.hookFailures, 0);
        assert.equal(play.rig.router.stats.dropped.sinkFailed, 0);
      }),
      { numRuns: 10_000, examples: [[RELEASED_TWICE]] },
    );
  });

  it('C18 holds when sinks, early service, answers and drops call the router', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const inside = fc.infiniteStream(fc.boolean());
    fc.assert(
      fc.property(MOVES, inside, (moves, isInside) => {
        const storm = new Storm(moves, isInside, (ms) => t.mock.timers.tick(ms));
        storm.run();
        assert.deepEqual(storm.faults, []);
      }),
      { numRuns: 10_000 },
    );
  });
});
