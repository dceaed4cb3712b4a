import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { SessionBuilder } from '../../../host/session-layer/session-builder.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { rejectsWith } from '../../support/events.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

/** A client with this many sessions, and their host. */
async function setUp(sessions: number) {
  const [here, there] = memoryTransports();
  const host = new ScriptedHost(there);
  const client = await HostClient.connect(here);
  const starting = Array.from({ length: sessions }, () =>
    new SessionBuilder({ host: client, assigned: true }).start(),
  );
  for (let n = 0; n < sessions; n += 1) host.created((await host.next()).id, `s${n}`);
  return { host, client, active: await Promise.all(starting) };
}

describe('Stopping a client', () => {
  it('ends all sessions at once, and reports nothing if that succeeds', async () => {
    const { host, client, active } = await setUp(100);
    const readers = active.map((session) => rejectsWith(session.readUpdate(), 'session_closed'));
    const stopping = client.stop();
    await host.until(() => host.asked.length === 200);
    for (const { id, request } of host.asked.slice(100)) {
      assert.equal(request.method, 'session/shutdown');
      host.answer(id, { type: 'session/closed', sessionId: request.sessionId });
    }
    assert.deepEqual(await stopping, []);
    assert.equal(await client.stop(), await stopping);
    await Promise.all(readers);
    assert.equal((await client.ended).message, 'code-mode host connection closed');
  });

  it('cuts off, under one deadline, what does not end, and lists it', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { host, client, active } = await setUp(3);
    const reader = rejectsWith(active[1]!.readUpdate(), 'connection_lost');
    const stopping = client.stop({ deadlineMs: 700 });
    await host.until(() => host.asked.length === 6);
    host.fail(host.asked[3]!.id, 'it does not want to');
    t.mock.timers.tick(699);
    await settled();
    assert.equal(await isSettled(stopping), false);
    t.mock.timers.tick(1);
    const errors = await stopping;
    assert.match(errors[0]!.message, /it does not want to/);
    assert.match(errors[1]!.message, /Cannot close session s1 in time.* 700 ms/);
    assert.match(errors[2]!.message, /Cannot close session s2 in time/);
    assert.ok(errors.length === 3 || /the connection/.test(errors[3]!.message));
    await client.ended;
    await reader;
    await rejectsWith(active[2]!.readUpdate(), 'connection_lost');
  });

  it('lists what may still exist at the host', async () => {
    const { host, client } = await setUp(0);
    const created = client.createSession({ delegate: new ScriptedDelegate() });
    host.answer((await host.next()).id, { type: 'session/created', sessionId: 's', odd: true });
    host.fail((await host.next()).id, 'cannot be ended');
    await rejectsWith(created, 'peer_failed');
    const [error, ...rest] = await client.stop();
    assert.match(error!.message, /Cannot end session s at the host: cannot be ended/);
    assert.deepEqual(rest, []);
  });

  it('ends at once if the connection is lost', async () => {
    const { host, client, active } = await setUp(2);
    host.destroy();
    await client.ended;
    assert.deepEqual(await client.stop(), []);
    for (const session of active) await session.close();
  });
});
