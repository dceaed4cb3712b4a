import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import type { LiveEvent } from '../../../src/live-events.ts';
import { rejectsWith } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { nextOf, restOf, told } from '../../support/live-events.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { connectWithSession, hostOf, type Json, V1Peer } from '../../support/v1-peer.ts';

const OWN = 'cellhost.cells';

/** The events that came for a subscription, in words. */
function eventsOf(peer: V1Peer, id: number): readonly string[] {
  return peer.received
    .filter((message) => message.type === 'cell/events' && message.id === id)
    .flatMap((message) => (message.events as readonly LiveEvent[]).map(told));
}

describe('A subscription over the wire', () => {
  it('is one request: events with its id arrive until the end, then its answer', async () => {
    const { host, sandbox } = hostOf();
    const { peer } = await connectWithSession(host, OWN);
    await peer.answer(peer.execute('hang'));
    const id = peer.request('session/events', { cellId: '1' });
    await peer.nextOf('cell/events');
    sandbox.last.text('more', 'and more');
    sandbox.last.end();
    assert.deepEqual(await peer.answer(id), { type: 'events/ended', cellId: '1' });
    const want = ['output early', 'output more', 'output and more', 'draining', 'completed'];
    assert.deepEqual(eventsOf(peer, id), want);
    await peer.close();
  });

  it('that is cancelled is answered, and the next one continues after its number', async () => {
    const { host, sandbox } = hostOf();
    const { peer } = await connectWithSession(host, OWN);
    await peer.answer(peer.execute('hang'));
    const first = peer.request('session/events', { cellId: '1' });
    await peer.nextOf('cell/events');
    peer.send({ type: 'operation/cancel', id: first });
    assert.equal(await peer.answer(first), 'code-mode request cancelled');
    sandbox.last.text('between');
    const second = peer.request('session/events', { cellId: '1', after: 1 });
    await peer.nextOf('cell/events');
    assert.deepEqual(eventsOf(peer, second), ['output between']);
    await peer.close();
  });

  it('takes nothing from another subscription', async () => {
    const { host, sandbox } = hostOf();
    const { peer } = await connectWithSession(host, OWN);
    await peer.answer(peer.execute('hang'));
    const ids = [1, 2].map(() => peer.request('session/events', { cellId: '1' }));
    await peer.nextOf('cell/events');
    sandbox.last.end();
    for (const id of ids) {
      await peer.answer(id);
      assert.deepEqual(eventsOf(peer, id), ['output early', 'draining', 'completed']);
    }
    await peer.close();
  });

  it('ends before its session is reported as closed', async () => {
    const { host } = hostOf();
    const { peer } = await connectWithSession(host, OWN);
    await peer.answer(peer.execute('hang'));
    const id = peer.request('session/events', { cellId: '1' });
    await peer.nextOf('cell/events');
    await peer.answer(peer.request('session/shutdown'));
    assert.equal(eventsOf(peer, id).at(-1), 'terminated');
    const answers = peer.received.filter(({ type }) => type === 'operation/response');
    assert.deepEqual(
      answers.slice(-2).map((message) => (message.result as { value: Json }).value.type),
      ['events/ended', 'session/closed'],
    );
    await peer.close();
  });

  it('of a client that does not read costs the host no more than a local reader', async () => {
    const { host, sandbox } = hostOf();
    const [ours, theirs] = memoryTransports();
    void host.serve(theirs);
    const peer = new V1Peer(ours);
    await peer.hello(OWN);
    await peer.answer(peer.request('session/open'));
    await peer.answer(peer.execute('hang', { yield_time_ms: 0 }));
    const id = peer.request('session/events', { cellId: '1' });
    await peer.nextOf('cell/events');
    ours.pause();
    const mebi = 'x'.repeat(1 << 20);
    let most = 0;
    for (let n = 0; n < 14; n += 1) {
      sandbox.last.text(mebi);
      await settled();
      most = Math.max(most, theirs.queuedBytes);
    }
    assert.ok(most < 4 << 20, `${most} bytes were queued`);
    ours.resume();
    sandbox.last.end();
    await peer.answer(id);
    const [early, ...rest] = eventsOf(peer, id);
    assert.equal(early, 'output early');
    assert.deepEqual(rest.slice(-2), ['draining', 'completed']);
    const gaps = rest.flatMap((word) => /^gap (\d+)$/.exec(word)?.[1] ?? []);
    const texts = rest.filter((word) => word.startsWith('output '));
    assert.ok(gaps.length > 0);
    assert.equal(
      gaps.reduce((sum, gap) => sum + Number(gap), texts.length),
      14,
    );
    await peer.close();
  });

  it('does not delay a closing host, even if its client does not read', async () => {
    const { host, sandbox } = hostOf();
    const [ours, theirs] = memoryTransports({ closeWithinMs: 50 });
    const ended = host.serve(theirs);
    const peer = new V1Peer(ours);
    await peer.hello(OWN);
    await peer.answer(peer.request('session/open'));
    await peer.answer(peer.execute('hang', { yield_time_ms: 0 }));
    peer.request('session/events', { cellId: '1' });
    await peer.nextOf('cell/events');
    ours.pause();
    for (let n = 0; n < 4; n += 1) sandbox.last.text('x'.repeat(1 << 20));
    await settled();
    await host.close();
    await ended;
  });

  it('ends with the connection, and leaves nothing behind at the host', async () => {
    const { host } = hostOf();
    const { peer, ended } = await connectWithSession(host, OWN);
    await peer.answer(peer.execute('hang'));
    peer.request('session/events', { cellId: '1' });
    await peer.nextOf('cell/events');
    await peer.close();
    await ended;
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
  });
});

describe('RemoteSession.events', () => {
  async function setUp() {
    const { host, sandbox } = hostOf();
    const [here, there] = memoryTransports();
    void host.serve(there);
    const client = await HostClient.connect(here);
    const session = await client.openSession({ delegate: new ScriptedDelegate() });
    return { client, session, sandbox, there };
  }

  it('fails with connection_lost for waiting readers, and with state_lost for later ones', async () => {
    const { client, session, there } = await setUp();
    const { cellId } = await session.execute({ source: 'hang' });
    const events = session.events(cellId);
    assert.deepEqual(await nextOf(events, 1), ['output early']);
    const waiting = events.next();
    there.destroy(new Error('the cable was cut'));
    await rejectsWith(waiting, 'connection_lost');
    await client.ended;
    await rejectsWith(session.events(cellId).next(), 'state_lost');
    await client.close();
  });

  it('of a closed session are missing, without a request to the host', async () => {
    const { client, session } = await setUp();
    await session.close();
    assert.deepEqual(await restOf(session.events('1')), ['missing terminated']);
    await client.close();
  });

  it('delivers everything to a slow consumer, except for reported gaps', async () => {
    const { client, session, sandbox } = await setUp();
    const observe = { yieldAfterMs: 0 };
    const { cellId } = await session.execute({ source: 'hang', observe });
    const events = session.events(cellId);
    assert.deepEqual(await nextOf(events, 1), ['output early']);
    for (let n = 0; n < 20; n += 1) {
      for (let m = 0; m < 1_000; m += 1) sandbox.last.text('x');
      await settled();
    }
    sandbox.last.end();
    await session.observe(cellId);
    const words = await restOf(events);
    const missed = words.flatMap((word) => /^gap (\d+)$/.exec(word)?.[1] ?? []);
    const told = words.length - missed.length + missed.reduce((sum, n) => sum + Number(n), 0);
    assert.equal(told, 20_000 + 2);
    assert.ok(words.length < 14_000, `${words.length} events were kept`);
    assert.equal(words.at(-1), 'completed');
    await client.close();
  });
});
