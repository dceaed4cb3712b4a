import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AskedEnds } from '../../../host/client/asked-ends.ts';

const note = (cellId: string) =>
  ({ type: 'notification/send', callId: null, cellId, text: 'n' }) as const;

describe('AskedEnds', () => {
  it('derives why a cell is cancelled from the requests to its host', () => {
    const ends = new AskedEnds();
    assert.equal(ends.reasonFor('s', note('1')), 'completion');
    ends.note({ method: 'session/cells', sessionId: 's' });
    ends.note({ method: 'session/terminate', sessionId: 's', cellId: '1' });
    const reasons = () => ['1', '2'].map((cellId) => ends.reasonFor('s', note(cellId)));
    assert.deepEqual(reasons(), ['terminate', 'completion']);
    ends.note({ method: 'session/shutdown', sessionId: 's' });
    assert.deepEqual(reasons(), ['terminate', 'shutdown']);
    assert.equal(ends.reasonFor('other', note('1')), 'completion');
  });

  it('does not confuse ids that look alike when joined', () => {
    const ends = new AskedEnds();
    ends.note({ method: 'session/terminate', sessionId: 'a b', cellId: 'c' });
    assert.equal(ends.reasonFor('a', note('b c')), 'completion');
  });

  it('remembers the latest 1,024 of each', () => {
    const ends = new AskedEnds();
    for (let n = 0; n <= 1_024; n += 1) {
      ends.note({ method: 'session/terminate', sessionId: 's', cellId: `${n}` });
      ends.note({ method: 'session/shutdown', sessionId: `${n}` });
    }
    assert.equal(ends.reasonFor('s', note('0')), 'completion');
    assert.equal(ends.reasonFor('s', note('1')), 'terminate');
    assert.equal(ends.reasonFor('0', note('x')), 'completion');
    assert.equal(ends.reasonFor('1', note('x')), 'shutdown');
  });
});
