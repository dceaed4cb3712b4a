import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CellNotes } from '../../../src/describe/cell-notes.ts';

describe('CellNotes', () => {
  it('shows each notification once, oldest first', () => {
    const notes = new CellNotes();
    assert.equal(notes.isEmpty, true);
    notes.add('one');
    notes.add('two');
    assert.equal(notes.isEmpty, false);
    assert.deepEqual(notes.take(), ['Notification: one', 'Notification: two']);
    assert.deepEqual(notes.take(), []);
  });

  it('keeps the latest 128', () => {
    const notes = new CellNotes();
    for (let at = 1; at <= 130; at += 1) notes.add(String(at));
    const taken = notes.take();
    assert.equal(taken.length, 128);
    assert.equal(taken[0], 'Notification: 3');
  });
});
