import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoredBound } from '../../sandbox/stored-bound.ts';

const setup = () => new StoredBound({ maxStoredLength: 10, maxStoredKeys: 3 });

describe('StoredBound', () => {
  it('counts keys and texts together', () => {
    const bound = setup();
    assert.equal(bound.count('a', '1234'), null);
    assert.equal(bound.count('b', '1234'), null);
    assert.equal(bound.count('c', ''), 'maxStoredLength');
  });

  it('counts only the latest value of a key', () => {
    const bound = setup();
    for (let n = 0; n < 100; n += 1) assert.equal(bound.count('a', '123456789'), null);
    assert.equal(bound.count('a', ''), null);
    assert.equal(bound.count('b', '12345678'), null);
  });

  it('counts keys', () => {
    const bound = setup();
    const found = ['a', 'b', 'c', 'a', 'd'].map((key) => bound.count(key, ''));
    assert.deepEqual(found, [null, null, null, null, 'maxStoredKeys']);
  });
});
