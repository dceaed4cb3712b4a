import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnnouncedCalls } from '../../host/server/announced-calls.ts';
import { isSettled } from '../support/gates.ts';
import { ScriptedDelegate } from '../support/scripted-delegate.ts';

const NEVER = new AbortController().signal;
const note = (cellId: string, text: string) => ({ cellId, callId: null, text });

function setUp() {
  const client = new ScriptedDelegate();
  return { client, calls: new AnnouncedCalls(client) };
}

describe('AnnouncedCalls', () => {
  it('keeps what a cell asks, in order, until the client knows of the cell', async () => {
    const { client, calls } = setUp();
    const { promise, resolve } = Promise.withResolvers<{ cellId: string }>();
    const starting = calls.start(() => promise);
    const first = calls.notify(note('1', 'a'), NEVER);
    void calls.notify(note('1', 'b'), NEVER);
    calls.cellClosed('1');
    resolve({ cellId: '1' });
    await starting;
    assert.equal(await isSettled(first), false);
    assert.equal(client.log.length, 0);
    calls.announced('1');
    await first;
    const seen = client.log.filter((entry) => !entry.endsWith('finished'));
    assert.deepEqual(seen, ['1 note a started', '1 note b started', '1 closed']);
  });

  it('passes on at once what comes later', async () => {
    const { client, calls } = setUp();
    await calls.start(async () => ({ cellId: '1' }));
    calls.announced('1');
    calls.announced('1');
    await calls.notify(note('1', 'a'), NEVER);
    calls.cellClosed('1');
    assert.deepEqual(client.logOf('1'), ['note a started', 'note a finished', 'closed']);
  });

  it('passes on at once what cells ask that nobody starts here', async () => {
    const { client, calls } = setUp();
    await calls.notify(note('foreign', 'a'), NEVER);
    calls.cellClosed('foreign');
    assert.deepEqual(client.logOf('foreign').at(-1), 'closed');
  });

  it('passes on what waited, in order, where no cell was started', async () => {
    const { client, calls } = setUp();
    const { promise, reject } = Promise.withResolvers<{ cellId: string }>();
    const starting = calls.start(() => promise);
    const asked = [
      calls.notify(note('foreign', 'a'), NEVER),
      calls.notify(note('foreign', 'b'), NEVER),
    ];
    calls.cellClosed('foreign');
    reject(new Error('no'));
    await assert.rejects(starting, /no/);
    await Promise.all(asked);
    const seen = client.logOf('foreign').filter((entry) => !entry.endsWith('finished'));
    assert.deepEqual(seen, ['note a started', 'note b started', 'closed']);
  });
});
