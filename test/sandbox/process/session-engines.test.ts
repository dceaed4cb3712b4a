import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SessionEngines } from '../../../sandbox/process/session-engines.ts';

const SESSIONS = ['a', 'b', 'c', 'd'].map((name) => Symbol(name));
const ENGINES = [1, 2, 3];

const move = fc.record({
  what: fc.constantFrom('hold', 'hold', 'hold', 'release', 'free'),
  session: fc.constantFrom(...SESSIONS),
  engine: fc.constantFrom(...ENGINES),
});

describe('SessionEngines', () => {
  it('knows who holds what, whatever is held, released and freed (property)', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
        const known = new SessionEngines<number>();
        let pairs: (readonly [symbol, number])[] = [];
        for (const { what, session, engine } of moves) {
          if (what === 'hold') {
            known.hold(session, engine);
            const held = pairs.some(([s, e]) => s === session && e === engine);
            if (!held) pairs.push([session, engine]);
          } else if (what === 'release') {
            known.release(session);
            pairs = pairs.filter(([s]) => s !== session);
          } else {
            known.free(engine);
            pairs = pairs.filter(([, e]) => e !== engine);
          }
          for (const one of SESSIONS) {
            const theirs = pairs.flatMap(([s, e]) => (s === one ? [e] : []));
            assert.deepEqual([...known.of(one)].toSorted(), theirs.toSorted());
          }
          for (const one of ENGINES) {
            assert.equal(known.isShared(one), pairs.filter(([, e]) => e === one).length > 1);
          }
          const holders = new Set(pairs.map(([s]) => s));
          assert.deepEqual(new Set(known.sessions), holders);
          assert.equal(known.sessions.length, holders.size);
        }
      }),
      { numRuns: 500 },
    );
  });
});
