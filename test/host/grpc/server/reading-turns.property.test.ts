import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ReadingTurns } from '../../../../host/grpc/server/reading-turns.ts';

const MOST = 3;

const action = fc.record({
  type: fc.constantFrom('want' as const, 'leave' as const, 'next' as const),
  which: fc.nat({ max: 9 }),
});

describe('ReadingTurns', () => {
  it('gives turns in the order in which they are wanted, few at a time, and in the end to all', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80, size: 'max' }), (actions) => {
        const turns = new ReadingTurns<number>(MOST);
        const there: number[] = [];
        const given: number[] = [];
        let wanted = 0;
        /** Turns that were given although nobody left. */
        let extra = 0;
        const give = (one: number | undefined) => {
          if (one !== undefined) given.push(one);
          return one;
        };
        const leave = (one: number) => {
          there.splice(there.indexOf(one), 1);
          if (given.includes(one)) extra = Math.max(0, extra - 1);
          give(turns.leave(one));
        };
        for (const { type, which } of actions) {
          const one = there[which % there.length];
          if (type === 'want') {
            there.push(wanted);
            if (turns.want(wanted)) give(wanted);
            wanted += 1;
          } else if (type === 'next') {
            if (give(turns.next()) !== undefined) extra += 1;
          } else if (one !== undefined) leave(one);
          const holding = there.filter((each) => turns.holds(each));
          assert.ok(holding.length <= MOST + extra);
          assert.ok(turns.waiting === 0 || holding.length >= MOST, 'a turn is free');
          assert.equal(holding.length + turns.waiting, there.length);
        }
        assert.deepEqual(
          given,
          given.toSorted((a, b) => a - b),
        );
        while (there.length > 0) leave(there.find((each) => turns.holds(each))!);
        assert.equal(turns.waiting, 0);
      }),
    );
  });
});
