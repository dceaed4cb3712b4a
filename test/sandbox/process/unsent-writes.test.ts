import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { UnsentWrites } from '../../../sandbox/process/unsent-writes.ts';

function setup() {
  const sent: (readonly string[])[] = [];
  return { sent, writes: new UnsentWrites((...texts) => sent.push(texts)) };
}

describe('UnsentWrites', () => {
  it('go together once the turn is over, the last of each key', async () => {
    const { sent, writes } = setup();
    writes.add('a', '1');
    writes.add('b', '2');
    writes.add('a', '3');
    assert.deepEqual(sent, []);
    await setImmediate();
    assert.deepEqual(sent, [['a', '3', 'b', '2']]);
    await setImmediate();
    assert.equal(sent.length, 1);
  });

  it('go at once where that is asked for, and not again', async () => {
    const { sent, writes } = setup();
    writes.add('a', '1');
    writes.flush();
    assert.deepEqual(sent, [['a', '1']]);
    writes.flush();
    await setImmediate();
    assert.equal(sent.length, 1);
    writes.add('a', '2');
    await setImmediate();
    assert.deepEqual(sent.slice(1), [['a', '2']]);
  });

  it('go in parts where there are many', () => {
    const { sent, writes } = setup();
    for (let n = 0; n < 150; n += 1) writes.add(`k${n}`, String(n));
    writes.flush();
    assert.deepEqual(
      sent.map(({ length }) => length),
      [128, 128, 44],
    );
    assert.deepEqual(sent[2]?.slice(0, 2), ['k128', '128']);
  });
});
