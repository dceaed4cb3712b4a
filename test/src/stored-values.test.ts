import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { lengthOfValues, MemoryStoredValues } from '../../src/stored-values.ts';

const ROOMY = { maxStoredLength: 1_000, maxStoredKeys: 100 };

function valuesOf(entries: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(entries));
}

describe('MemoryStoredValues', () => {
  it('starts with a copy of its initial values', () => {
    const given = new Map([['a', '1']]);
    const stored = new MemoryStoredValues(given);
    given.set('a', '2');
    assert.deepEqual([...stored.snapshot()], [['a', '1']]);
  });

  it('merges key by key, and the last commit of a key wins', () => {
    const stored = new MemoryStoredValues();
    stored.commit(valuesOf({ a: '1', b: '1' }), ROOMY);
    stored.commit(valuesOf({ b: '2', c: '2' }), ROOMY);
    assert.deepEqual(Object.fromEntries(stored.snapshot()), { a: '1', b: '2', c: '2' });
  });

  it('does not change a snapshot that was taken before', () => {
    const stored = new MemoryStoredValues();
    const before = stored.snapshot();
    stored.commit(valuesOf({ a: '1' }), ROOMY);
    assert.equal(before.size, 0);
  });

  it('accepts exactly the bound, and not one unit more', () => {
    const bounds = { maxStoredLength: 4, maxStoredKeys: 100 };
    const stored = new MemoryStoredValues();
    assert.deepEqual(stored.commit(valuesOf({ a: '123' }), bounds), []);
    assert.deepEqual(stored.commit(valuesOf({ a: '1234' }), bounds), ['a']);
    assert.deepEqual([...stored.snapshot()], [['a', '123']]);
  });

  it('refuses only the keys that exceed the bounds', () => {
    const bounds = { maxStoredLength: 10, maxStoredKeys: 100 };
    const stored = new MemoryStoredValues();
    assert.deepEqual(stored.commit(valuesOf({ a: '1', big: '123456789', c: '3' }), bounds), [
      'big',
    ]);
    assert.deepEqual([...stored.snapshot().keys()], ['a', 'c']);
  });

  it('refuses a new key beyond the number of keys, but writes an existing one', () => {
    const bounds = { maxStoredLength: 100, maxStoredKeys: 1 };
    const stored = new MemoryStoredValues(valuesOf({ a: '1' }));
    assert.deepEqual(stored.commit(valuesOf({ b: '1', a: '2' }), bounds), ['b']);
    assert.deepEqual([...stored.snapshot()], [['a', '2']]);
  });

  it('reuses the room of a value that became shorter', () => {
    const bounds = { maxStoredLength: 6, maxStoredKeys: 100 };
    const stored = new MemoryStoredValues(valuesOf({ a: '12345' }));
    assert.deepEqual(stored.commit(valuesOf({ a: '1', b: '123' }), bounds), []);
  });

  it('keeps a key that is the name of an inherited member', () => {
    const stored = new MemoryStoredValues();
    stored.commit(new Map([['__proto__', '1']]), ROOMY);
    assert.equal(stored.snapshot().get('__proto__'), '1');
  });

  it('never exceeds its bounds, and refuses nothing that fits', () => {
    const writes = fc.array(
      fc.tuple(fc.constantFrom('a', 'bb', 'ccc'), fc.string({ maxLength: 6 })),
    );
    const bounds = { maxStoredLength: 12, maxStoredKeys: 2 };
    const history = fc.array(writes, { maxLength: 6 });
    fc.assert(
      fc.property(history, (commits) => {
        const stored = new MemoryStoredValues();
        for (const entries of commits) {
          const refused = stored.commit(new Map(entries), bounds);
          const now = stored.snapshot();
          assert.ok(now.size <= 2 && lengthOfValues(now) <= 12);
          for (const [key, json] of new Map(entries)) {
            assert.equal(refused.includes(key) || now.get(key) === json, true);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
