import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Line, Lines } from '../../../src/collections/line.ts';

interface Parcel {
  readonly bytes: number;
  readonly order: number;
}

const MEASURE = {
  bytesOf: ({ bytes }: Parcel) => bytes,
  orderOf: ({ order }: Parcel) => order,
};

const parcel = (order: number, bytes = 1): Parcel => ({ order, bytes });

/** Two lines that share a budget, and what each must hold: numbers and items. */
class LinesPlay {
  readonly lines = new Lines<Parcel>(MEASURE);
  readonly #pairs = [0, 1].map(() => ({
    line: this.lines.open(),
    items: new Map<number, Parcel>(),
    next: 1,
  }));
  #order = 0;

  push(which: number, bytes: number): void {
    const pair = this.#pairs[which]!;
    const item = parcel(this.#order, bytes);
    this.#order += 1;
    assert.equal(pair.line.next, pair.next);
    pair.line.push(item);
    pair.items.set(pair.next, item);
    pair.next += 1;
  }

  shift(which: number): void {
    const { line, items } = this.#pairs[which]!;
    const [number, item] = [...items][0] ?? [];
    assert.equal(line.shift(), item);
    if (number !== undefined) items.delete(number);
  }

  remove(which: number, from: number): void {
    const { line, items } = this.#pairs[which]!;
    const [number, item] = [...items][from] ?? [];
    assert.equal(line.remove(item ?? parcel(-1)), item !== undefined);
    if (number !== undefined) items.delete(number);
  }

  clear(which: number): void {
    const { line, items } = this.#pairs[which]!;
    assert.deepEqual(line.clear(), [...items.values()]);
    items.clear();
  }

  check(): void {
    let [count, bytes] = [0, 0];
    for (const { line, items, next } of this.#pairs) {
      const cost = [...items.values()].reduce((sum, item) => sum + item.bytes, 0);
      const [first] = items.keys();
      assert.deepEqual([line.size, line.bytes, line.next], [items.size, cost, next]);
      assert.equal(line.first, first ?? next);
      assert.equal(line.peek(), items.get(line.first));
      for (let n = 0; n <= next; n += 1) assert.equal(line.at(n), items.get(n));
      count += items.size;
      bytes += cost;
    }
    assert.deepEqual([this.lines.items, this.lines.bytes], [count, bytes]);
    const oldest = this.#pairs
      .filter(({ line }) => line.size > 0)
      .toSorted((a, b) => a.line.peek()!.order - b.line.peek()!.order);
    assert.equal(this.lines.oldest(), oldest[0]?.line);
  }
}

const WHICH = fc.nat({ max: 1 });
const MOVE = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('push' as const), WHICH, fc.nat({ max: 9 })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('shift' as const), WHICH, fc.constant(0)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('remove' as const), WHICH, fc.nat({ max: 9 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('clear' as const), WHICH, fc.constant(0)) },
);

describe('Line', () => {
  it('behaves like a map of numbered items, after any operations', () => {
    fc.assert(
      fc.property(fc.array(MOVE, { maxLength: 60, size: 'max' }), (moves) => {
        const play = new LinesPlay();
        for (const [move, which, detail] of moves) {
          play[move](which, detail);
          play.check();
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps the numbers when it releases the places of many items', () => {
    const line = new Line<Parcel>(MEASURE);
    for (let n = 1; n <= 1_000; n += 1) line.push(parcel(n));
    for (let n = 1; n <= 900; n += 1) assert.equal(line.shift()?.order, n);
    assert.deepEqual([line.first, line.next, line.size], [901, 1_001, 100]);
    assert.deepEqual(
      [line.at(900), line.at(901)?.order, line.at(1_000)?.order],
      [undefined, 901, 1_000],
    );
  });

  it('leaves the budget with its items, and they can still be taken', () => {
    const lines = new Lines<Parcel>(MEASURE);
    const [staying, leaving] = [lines.open(), lines.open()];
    leaving.push(parcel(1, 10));
    staying.push(parcel(2, 5));
    leaving.leave();
    leaving.leave();
    assert.deepEqual([lines.bytes, lines.items, lines.oldest()], [5, 1, staying]);
    assert.equal(leaving.shift()?.order, 1);
    leaving.push(parcel(3, 7));
    assert.equal(lines.bytes, 5);
  });
});
