import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AskedEnds } from '../../../host/remote/asked-ends.ts';

describe('AskedEnds', () => {
  it('derives why a cell is cancelled from the requests to its host', () => {
    const ends = new AskedEnds();
    assert.equal(ends.reasonFor('s', '1'), 'completion');
    ends.noteTerminate('s', '1');
    const reasons = () => ['1', '2'].map((cellId) => ends.reasonFor('s', cellId));
    assert.deepEqual(reasons(), ['terminate', 'completion']);
    ends.noteClose('s');
    assert.deepEqual(reasons(), ['terminate', 'shutdown']);
    assert.equal(ends.reasonFor('other', '1'), 'completion');
  });

  it('does not confuse ids that look alike when joined', () => {
    const ends = new AskedEnds();
    ends.noteTerminate('a b', 'c');
    assert.equal(ends.reasonFor('a', 'b c'), 'completion');
  });

  it('remembers the latest 1,024 of each', () => {
    const ends = new AskedEnds();
    for (let n = 0; n <= 1_024; n += 1) {
      ends.noteTerminate('s', `${n}`);
      ends.noteClose(`${n}`);
    }
    assert.equal(ends.reasonFor('s', '0'), 'completion');
    assert.equal(ends.reasonFor('s', '1'), 'terminate');
    assert.equal(ends.reasonFor('0', 'x'), 'completion');
    assert.equal(ends.reasonFor('1', 'x'), 'shutdown');
  });
});
