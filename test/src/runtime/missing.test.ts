import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { missingCell, Tombstones } from '../../../src/runtime/missing.ts';

describe('missingCell', () => {
  it('has the same text for every reason, and the reason as a field', () => {
    const common = { type: 'missing', cellId: '7', items: [], message: 'exec cell 7 not found' };
    assert.deepEqual(missingCell('7', 'unknown'), { ...common, reason: 'unknown' });
    assert.deepEqual(missingCell('7', 'evicted'), { ...common, reason: 'evicted' });
  });
});

describe('Tombstones', () => {
  it('say why a cell is gone, and that others are unknown', () => {
    const tombstones = new Tombstones();
    tombstones.add('1', 'delivered');
    tombstones.add('2', 'lost');
    assert.equal(tombstones.reasonOf('1'), 'delivered');
    assert.equal(tombstones.reasonOf('2'), 'lost');
    assert.equal(tombstones.reasonOf('3'), 'unknown');
  });

  it('forget the oldest first', () => {
    const tombstones = new Tombstones(2);
    for (const id of ['1', '2', '3']) tombstones.add(id, 'delivered');
    assert.deepEqual(
      ['1', '2', '3'].map((id) => tombstones.reasonOf(id)),
      ['unknown', 'delivered', 'delivered'],
    );
  });

  it('remember the latest 1,024', () => {
    const tombstones = new Tombstones();
    for (let id = 1; id <= 1_025; id += 1) tombstones.add(String(id), 'delivered');
    assert.equal(tombstones.reasonOf('1'), 'unknown');
    assert.equal(tombstones.reasonOf('2'), 'delivered');
  });
});
