import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

/** Two sessions are on their way, so that nothing can be served before one of them is known. */
async function setUp() {
  const [here, there] = memoryTransports();
  const host = new ScriptedHost(there);
  const client = await HostClient.connect(here);
  const delegate = new ScriptedDelegate();
  const created = [client.createSession({ delegate }), client.createSession({ delegate })];
  for (const one of created) one.catch(() => {});
  const first = await host.next();
  await host.next();
  return { host, client, delegate, created, first };
}

describe('Items that wait for sessions that are opening', () => {
  it('wait for 1,024 ids; one more displaces the oldest', async () => {
    const { host, client } = await setUp();
    const calls = Array.from({ length: 1_025 }, (_, n) => host.notify(`s${n}`, '1', 'hello'));
    assert.match(String(await host.answerTo(calls[0]!)), /pending session buffer overflow/);
    assert.equal(client.routing.pendingIds, 1_024);
    assert.equal(host.answers.length, 1);
  });

  it('take 64 MiB at most; more displaces the oldest', async () => {
    const { host, client } = await setUp();
    const large = 'x'.repeat(16 << 20);
    const calls = Array.from({ length: 4 }, (_, n) => host.notify(`s${n}`, '1', large));
    assert.match(String(await host.answerTo(calls[0]!)), /pending session buffer overflow/);
    assert.equal(client.routing.parked, 3);
    assert.ok(client.routing.parkedBytes < 64 << 20);
  });

  it('are answered after ten seconds, and later ones are not delayed', async (t) => {
    const { host, delegate, created, first } = await setUp();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const call = host.notify('new', '1', 'too early');
    await settled();
    await settled();
    t.mock.timers.tick(9_999);
    await settled();
    assert.equal(host.answers.length, 0);
    t.mock.timers.tick(1);
    assert.match(String(await host.answerTo(call)), /Cannot deliver to session new/);
    host.notify('new', '1', 'in time');
    host.created(first.id, 'new');
    await created[0];
    await delegate.saw('1 note in time finished');
    assert.equal(delegate.notifications.length, 1);
  });
});
