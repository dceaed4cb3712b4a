import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { rejectsWith } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

const notesOf = ({ notifications }: ScriptedDelegate) => notifications.map(({ text }) => text);

/** Two sessions that are being created. */
async function setUp() {
  const [here, there] = memoryTransports();
  const host = new ScriptedHost(there);
  const client = await HostClient.connect(here);
  const create = async () => {
    const delegate = new ScriptedDelegate();
    const created = client.createSession({ delegate });
    created.catch(() => {});
    const { id, request } = await host.next();
    return { delegate, created, id, token: request.token as string };
  };
  return { host, client, a: await create(), b: await create() };
}

describe('A host in the middle of two creations', () => {
  it('gets its answer without a token as soon as only one session can be meant', async () => {
    const { host, a, b } = await setUp();
    const first = host.notify('b', '1', 'one');
    await settled();
    assert.deepEqual(host.answers, []);
    host.created(a.id, 'a');
    assert.deepEqual(await host.answerTo(first), { type: 'notification/delivered' });
    await host.answerTo(host.notify('b', '1', 'two'));
    assert.deepEqual([notesOf(a.delegate), notesOf(b.delegate)], [[], ['one', 'two']]);
    host.created(b.id, 'b');
    await Promise.all([a.created, b.created]);
  });

  it('gets the answers to waiting requests when it sends the token, in order', async () => {
    const { host, a, b } = await setUp();
    const first = host.notify('b', '1', 'one');
    const second = host.notify('b', '1', 'two', { token: b.token });
    await host.answerTo(first);
    await host.answerTo(second);
    assert.deepEqual([notesOf(a.delegate), notesOf(b.delegate)], [[], ['one', 'two']]);
  });

  it('has a third session’s request served by neither, if it sends tokens', async () => {
    const { host, a, b } = await setUp();
    await host.answerTo(host.notify('a', '1', 'of a', { token: a.token }));
    const stray = host.tool('third', '1', 'echo');
    host.created(a.id, 'a');
    await a.created;
    await settled();
    assert.deepEqual([a.delegate.calls, b.delegate.calls], [[], []]);
    host.created(b.id, 'b');
    await b.created;
    assert.match(String(await host.answerTo(stray)), /pending session routing ended/);
    assert.deepEqual([a.delegate.calls, b.delegate.calls], [[], []]);
  });

  it('can give the next session the id that it mentioned before it refused one', async () => {
    const { host, client, a, b } = await setUp();
    const lost = host.notify('again', '1', 'too early');
    host.fail(a.id, 'no');
    host.fail(b.id, 'no');
    await rejectsWith(b.created, 'peer_failed');
    assert.match(String(await host.answerTo(lost)), /pending session routing ended/);
    const delegate = new ScriptedDelegate();
    const created = client.createSession({ delegate });
    const { id } = await host.next();
    await host.answerTo(host.notify('again', '1', 'in time'));
    host.created(id, 'again');
    await created;
    assert.deepEqual(notesOf(delegate), ['in time']);
  });
});
