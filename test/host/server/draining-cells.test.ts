import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { isSettled, settled } from '../../support/gates.ts';
import { connectWithSession, hostOf, type Json } from '../../support/v1-peer.ts';

/** A client that waits, for 5 s at most, for a cell with an ended program and an undelivered notification. */
async function setUp(
  t: TestContext,
  { yieldMs = 5_000, capabilities = [] as readonly string[] } = {},
) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { host } = hostOf({
    programs: {
      'left note': (run) => {
        run.start();
        run.text('a');
        void run.notify('n');
        run.end();
      },
    },
  });
  const { peer } = await connectWithSession(host, 'yield-observation', ...capabilities);
  const execute = peer.execute('left note', { yield_time_ms: yieldMs });
  const { id: note } = await peer.nextOf('delegate/request');
  return { peer, execute, note, delivered: { type: 'notification/delivered' } };
}

function outcomeOf(answer: unknown): unknown {
  return (answer as { outcome: { LiveCell: Json } }).outcome.LiveCell;
}

describe('A cell that is still delivering notifications when a wait expires', () => {
  it('is awaited by a client of version 1, as on the Codex host', async (t) => {
    const { peer, execute, note, delivered } = await setUp(t);
    const first = peer.initial(execute);
    t.mock.timers.tick(5_000);
    assert.equal(await isSettled(first), false);
    peer.send({ type: 'operation/yield', id: execute });
    await settled();
    assert.equal(await isSettled(first), false);
    peer.respond(note, delivered);
    assert.match(JSON.stringify(await first), /"Result".*"text":"a"/);
    await peer.close();
  });

  it('is awaited by a later wait of such a client, however short', async (t) => {
    const { peer, execute, note, delivered } = await setUp(t, { yieldMs: 0 });
    assert.match(JSON.stringify(await peer.initial(execute)), /"Yielded"/);
    const waited = peer.answer(peer.wait('1', 0));
    assert.equal(await isSettled(waited), false);
    peer.respond(note, delivered);
    assert.match(JSON.stringify(outcomeOf(await waited)), /"Result".*"text":"a"/);
    await peer.close();
  });

  it('can be terminated, and its client learns that', async (t) => {
    const { peer, execute } = await setUp(t);
    t.mock.timers.tick(5_000);
    const terminate = peer.request('session/terminate', { cellId: '1' });
    for (let n = 0; n < 3; n += 1) await settled();
    t.mock.timers.tick(100);
    assert.match(JSON.stringify(outcomeOf(await peer.answer(terminate))), /"Terminated"/);
    assert.match(JSON.stringify(await peer.initial(execute)), /"Terminated".*"text":"a"/);
    await peer.close();
  });

  it('yields to a client with cellhost.cells', async (t) => {
    const { peer, execute } = await setUp(t, { capabilities: ['cellhost.cells'] });
    t.mock.timers.tick(5_000);
    assert.match(JSON.stringify(await peer.initial(execute)), /"yielded".*"text":"a"/);
    const short = peer.answer(peer.wait('1', 0));
    assert.match(JSON.stringify(outcomeOf(await short)), /"yielded"/);
    await peer.close();
  });
});
