import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RecentMap } from '../../../src/collections/recent-map.ts';
import { RecentSet } from '../../../src/collections/recent-set.ts';

const KEY = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const MOVE = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('set' as const), key: KEY }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('touch' as const), key: KEY }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('delete' as const), key: KEY }) },
);

describe('RecentMap', () => {
  it('holds the youngest entries after any operations', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4 }), fc.array(MOVE), (capacity, moves) => {
        const map = new RecentMap<string, number>(capacity);
        let entries: (readonly [string, number])[] = [];
        const without = (key: string) => entries.filter(([one]) => one !== key);
        for (const [value, { type, key }] of moves.entries()) {
          const known = entries.find(([one]) => one === key);
          if (type === 'set') {
            entries = [...without(key), [key, value]];
            const displaced = entries.length > capacity ? entries.shift()?.[1] : undefined;
            assert.equal(map.set(key, value), displaced);
          } else {
            entries = type === 'touch' && known !== undefined ? [...without(key), known] : entries;
            if (type === 'delete') entries = without(key);
            assert.equal(map[type](key), known !== undefined);
          }
          assert.equal(map.size, entries.length);
          assert.deepEqual(
            [...map.values()],
            entries.map(([, one]) => one),
          );
          for (const [one, held] of entries) assert.equal(map.get(one), held);
        }
      }),
    );
  });

  it('holds undefined as a value', () => {
    const map = new RecentMap<string, undefined>(2);
    map.set('a', undefined);
    assert.deepEqual([map.has('a'), map.touch('a'), map.touch('b')], [true, true, false]);
  });

  it('forgets everything when it is cleared', () => {
    const map = new RecentMap<string, number>(2);
    map.set('a', 1);
    map.clear();
    assert.deepEqual([map.size, map.has('a')], [0, false]);
  });
});

describe('RecentSet', () => {
  it('holds exactly the latest values, and returns the one that each new one displaces', () => {
    const set = new RecentSet<number>(4_096);
    for (let id = 1; id <= 4_096; id += 1) assert.equal(set.add(id), undefined);
    assert.ok(set.has(1));
    assert.equal(set.add(4_097), 1);
    assert.deepEqual(
      [set.has(1), set.has(2), set.has(4_097), set.size],
      [false, true, true, 4_096],
    );
  });

  it('keeps a value longer if it was added or touched again', () => {
    const set = new RecentSet<string>(3);
    for (const value of ['a', 'b', 'c', 'a']) set.add(value);
    assert.deepEqual([set.touch('b'), set.touch('x')], [true, false]);
    assert.deepEqual([set.add('d'), set.add('e')], ['c', 'a']);
  });

  it('does not hold a deleted value', () => {
    const set = new RecentSet<string>(2);
    set.add('a');
    assert.deepEqual([set.delete('a'), set.delete('a'), set.has('a')], [true, false, false]);
  });
});
