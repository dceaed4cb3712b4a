import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { Host } from '../../../host/server/host.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import type { Transport } from '../../../host/wire/transport.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import type { Session } from '../../../src/session.ts';
import { CONTRACT_TOOLS, LONG } from '../../contract/session-setup.ts';
import { rejectsWith } from '../../support/events.ts';
import { assertNoListeners } from '../../support/leaks.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';

const sandbox = isolateSandbox();
const host = new Host({ sandbox });
after(async () => {
  await host.close();
  await sandbox.close();
});

async function setUp() {
  const [here, there] = memoryTransports();
  void host.serve(there);
  const delegate = new ScriptedDelegate();
  const client = await HostClient.connect(here);
  const session = await client.openSession({ delegate, tools: CONTRACT_TOOLS });
  return { client, session, delegate, there };
}

const lose = (transport: Transport) => transport.destroy(new Error('the cable was cut'));

describe('A remote session whose host is gone', () => {
  const calls: Record<string, (session: Session) => Promise<unknown>> = {
    execute: (session) => session.execute({ source: '1' }),
    observe: (session) => session.observe('1', LONG),
    terminate: (session) => session.terminate('1'),
    resume: (session) => session.resume('1', 1),
    events: (session) => session.events('1').next(),
    cells: (session) => session.cells(),
    values: (session) => session.values(),
  };
  for (const [name, call] of Object.entries(calls)) {
    it(`fails ${name} with connection_lost while pending, and with state_lost afterwards`, async () => {
      const { client, session, there } = await setUp();
      const underWay = call(session);
      lose(there);
      await rejectsWith(underWay, 'connection_lost');
      await client.ended;
      await rejectsWith(call(session), 'state_lost');
    });
  }

  it('rejects waits, cancels the callbacks and closes each cell once', async () => {
    const { client, session, delegate, there } = await setUp();
    const { first } = await session.execute({ source: 'await tools.block()', observe: LONG });
    const second = await session.execute({ source: 'await tools.stubborn()', observe: LONG });
    await delegate.saw('1 tool-1 started');
    await delegate.saw('2 tool-1 started');
    lose(there);
    await rejectsWith(first, 'connection_lost');
    await rejectsWith(second.first, 'connection_lost');
    await client.ended;
    await delegate.saw('1 tool-1 cancelled: disconnect');
    await delegate.saw('2 tool-1 cancelled: disconnect');
    assert.deepEqual(delegate.log.filter((entry) => entry.endsWith('closed')).sort(), [
      '1 closed',
      '2 closed',
    ]);
    delegate.tools.release(null);
  });

  it('can be closed, and no session can be opened any more', async () => {
    const { client, session, delegate, there } = await setUp();
    lose(there);
    await client.ended;
    await session.close();
    await rejectsWith(client.openSession({ delegate }), 'connection_lost');
    await client.close();
  });
});

describe('A host whose client is gone', () => {
  it('ends its sessions and what is running in them', async () => {
    const [here, there] = memoryTransports();
    const served = host.serve(there);
    const client = await HostClient.connect(here);
    const delegate = new ScriptedDelegate();
    const session = await client.openSession({ delegate, tools: CONTRACT_TOOLS });
    await session.execute({ source: 'for (;;);' });
    const before = host.counts.sessions;
    lose(here);
    await served;
    assert.equal(host.counts.sessions, before - 1);
  });
});

describe('HostClient', () => {
  it('fails if a host does not answer the first message', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const [here] = memoryTransports();
    const connecting = HostClient.connect(here, { helloMs: 50 });
    t.mock.timers.tick(50);
    await rejectsWith(connecting, 'handshake_failed');
  });

  it('aborts the handshake with its caller, and ends the connection', async () => {
    for (const abortsFirst of [true, false]) {
      const giveUp = new AbortController();
      const reason = new Error('no more time');
      const [here, there] = memoryTransports();
      const closed = new Promise((resolve) => there.start({ message() {}, closed: resolve }));
      if (abortsFirst) giveUp.abort(reason);
      const connecting = HostClient.connect(here, { signal: giveUp.signal });
      giveUp.abort(reason);
      await assert.rejects(connecting, (error) => error === reason);
      await closed;
      assertNoListeners(giveUp.signal);
    }
  });

  it('refuses what the host lacks a capability for', async () => {
    const [here, there] = memoryTransports();
    there.start({
      message: () =>
        there.send(
          JSON.stringify({ type: 'connection/ready', selectedVersion: 1, capabilities: [] }),
        ),
      closed() {},
    });
    const client = await HostClient.connect(here);
    const delegate = new ScriptedDelegate();
    await rejectsWith(client.openSession({ delegate, console: true }), 'unsupported');
    await rejectsWith(client.openSession({ delegate, globals: 'web' }), 'unsupported');
    await client.close();
  });
});
