import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type CellNews,
  type CellStanding,
  type ClosedRule,
  NEW_CELL,
  stepOfCell,
} from '../../../host/core/cell-standing.ts';

/** News in any order; an answer goes out after it was owed. */
const HISTORY = fc
  .tuple(fc.nat(4), fc.array(fc.nat(), { minLength: 20, maxLength: 20 }))
  .map(([asked, picks]) => shuffled(asked, picks));

function shuffled(asked: number, picks: readonly number[]): readonly CellNews[] {
  const lines: CellNews[][] = [
    ['announced', 'paid'],
    ['ended'],
    ['retired'],
    ...Array.from({ length: asked }, (): CellNews[] => ['owed', 'paid']),
  ];
  const news: CellNews[] = [];
  for (const pick of picks) {
    const left = lines.filter(({ length }) => length > 0);
    const next = left[pick % Math.max(1, left.length)]?.shift();
    if (next !== undefined) news.push(next);
  }
  return news;
}

/** Plays a history until the cell is forgotten: from then on it is only asked about in vain. */
function play(history: readonly CellNews[], rule: ClosedRule) {
  let standing: CellStanding | null = NEW_CELL;
  const told: number[] = [];
  for (const [at, news] of history.entries()) {
    if (standing === null) {
      assert.ok(news === 'owed' || news === 'paid', `forgotten before ${news}`);
      continue;
    }
    const { next, tellsClosed } = stepOfCell(standing, news, rule);
    if (tellsClosed) told.push(at);
    standing = next;
  }
  assert.equal(standing, null);
  return told;
}

/** The index of the first news after which nothing is owed and nothing more follows. */
function settledAt(history: readonly CellNews[]): number {
  const last = Math.max(
    ...(['announced', 'ended', 'retired'] as const).map((news) => history.indexOf(news)),
  );
  return history.findIndex((_, at) => at >= last && owedAfter(history.slice(0, at + 1)) === 0);
}

function owedAfter(history: readonly CellNews[]): number {
  const count = (news: CellNews) => history.filter((one) => one === news).length;
  return count('announced') + count('owed') - count('paid');
}

describe('stepOfCell', () => {
  it('reports a closed cell once, as soon as everything has ended and no answer is owed, by the rule answers-sent', () => {
    const property = fc.property(HISTORY, (history) =>
      assert.deepEqual(play(history, 'answers-sent'), [settledAt(history)]),
    );
    fc.assert(property, { numRuns: 2_000 });
  });

  it('reports a closed cell once, as soon as the client knows it and its callbacks have ended, by the rule callbacks-over', () => {
    const property = fc.property(HISTORY, (history) => {
      const quiet = Math.max(history.indexOf('announced'), history.indexOf('ended'));
      assert.deepEqual(play(history, 'callbacks-over'), [quiet]);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});
