import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  NO_TURNS,
  nextTurns,
  type TurnInput,
  type Turns,
} from '../../../sandbox/isolate/next-turns.ts';

const PROGRAMS = 6;
const input: fc.Arbitrary<TurnInput<number>> = fc.record({
  type: fc.constantFrom('take' as const, 'leave' as const),
  program: fc.nat({ max: PROGRAMS - 1 }),
});

/** The same in the plainest way: everybody in one line, of whom the first that fit run. */
class Line {
  readonly #max: number;
  runs: number[] = [];
  waits: number[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** @returns Who begins to run. */
  tell({ type, program }: TurnInput<number>): number | null {
    const before = this.runs;
    const isIn = [...this.runs, ...this.waits].includes(program);
    if (type === 'take' && !isIn) this.waits = [...this.waits, program];
    if (type === 'leave') {
      this.runs = this.runs.filter((other) => other !== program);
      this.waits = this.waits.filter((other) => other !== program);
    }
    while (this.runs.length < this.#max && this.waits.length > 0) {
      this.runs = [...this.runs, this.waits[0]!];
      this.waits = this.waits.slice(1);
    }
    return this.runs.find((other) => !before.includes(other)) ?? null;
  }
}

describe('The turns of a session', () => {
  it('go to as many as may run, first come, first served, and none is lost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(input), (max, inputs) => {
        const line = new Line(max);
        let turns: Turns<number> = NO_TURNS;
        for (const each of inputs) {
          const [next, begins] = nextTurns(turns, each, max);
          assert.equal(begins, line.tell(each));
          assert.deepEqual(next, { running: line.runs, waiting: line.waits });
          assert.ok(next.running.length <= max);
          assert.ok(next.waiting.length === 0 || next.running.length === max);
          turns = next;
        }
        for (const program of Array(PROGRAMS).keys()) {
          [turns] = nextTurns(turns, { type: 'leave', program }, max);
        }
        assert.deepEqual(turns, NO_TURNS);
      }),
    );
  });
});
