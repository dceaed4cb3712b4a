import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReconnectingHostClient } from '../../../host/client/reconnecting-host-client.ts';
import { createSession } from '../../../host/session-layer/create-session.ts';
import { CodeModeError } from '../../../src/errors.ts';
import { rejectsWith } from '../../support/events.ts';
import { isSettled, never, settled } from '../../support/gates.ts';
import { assertNoListeners } from '../../support/leaks.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedDial, unreachable } from '../../support/scripted-dial.ts';

const LIMITS = { firstMs: 100, mostMs: 400, maxAttempts: 3 };
const delegate = new ScriptedDelegate();

function setUp() {
  const hosts = new ScriptedDial();
  return { hosts, client: new ReconnectingHostClient(hosts.dial, LIMITS) };
}

/** Opens a session on this connection, counted from 1. */
async function opened({ hosts, client }: ReturnType<typeof setUp>, connection: number) {
  const opening = client.openSession({ delegate });
  await hosts.ready(connection);
  return opening;
}

describe('A reconnecting client', () => {
  it('dials when the first session is opened, and then not again', async () => {
    const made = setUp();
    assert.equal(made.client.generation, 0);
    assert.equal(made.hosts.requests.length, 0);
    assert.equal((await opened(made, 1)).generation, 1);
    assert.equal((await opened(made, 1)).generation, 1);
    assert.equal(made.hosts.requests.length, 1);
  });

  it('dials again when a session is opened after the loss, as the next generation', async () => {
    const made = setUp();
    const first = await opened(made, 1);
    await made.hosts.lose(1);
    assert.equal(made.hosts.requests.length, 1);
    const second = await opened(made, 2);
    assert.deepEqual([first.generation, second.generation, made.client.generation], [1, 2, 2]);
    assert.deepEqual(
      made.hosts.requests.map(({ generation }) => generation),
      [1, 2],
    );
  });

  it('dials once for all concurrent callers', async () => {
    const { hosts, client } = setUp();
    const openings = Array.from({ length: 20 }, () => client.openSession({ delegate }));
    for (const _ of openings) await hosts.ready(1);
    const generations = (await Promise.all(openings)).map(({ generation }) => generation);
    assert.deepEqual(new Set(generations), new Set([1]));
    assert.equal(hosts.requests.length, 1);
  });

  it('fails a session that was opening at the loss, and does not repeat the request', async () => {
    const made = setUp();
    const opening = made.client.openSession({ delegate });
    await (await made.hosts.host(1)).next();
    await made.hosts.lose(1);
    await rejectsWith(opening, 'connection_lost');
    assert.equal(made.hosts.requests.length, 1);
  });

  it('also lets the host choose ids', async () => {
    const { hosts, client } = setUp();
    const creating = client.createSession({ delegate });
    const host = await hosts.host(1);
    host.created((await host.next()).id, 'chosen');
    assert.deepEqual([(await creating).id, (await creating).generation], ['chosen', 1]);
  });
});

describe('A reconnecting client whose host does not answer', () => {
  it('retries after waits that double, and fails after its last attempt', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { hosts, client } = setUp();
    hosts.onDial = () => Promise.reject(unreachable());
    const opening = client.openSession({ delegate });
    opening.catch(() => {});
    await settled();
    assert.equal(hosts.requests.length, 1);
    for (const [ms, times] of [
      [99, 1],
      [1, 2],
      [199, 2],
    ] as const) {
      t.mock.timers.tick(ms);
      await settled();
      assert.equal(hosts.requests.length, times);
    }
    assert.equal(await isSettled(opening), false);
    t.mock.timers.tick(1);
    await rejectsWith(opening, 'connection_lost');
    assert.equal(hosts.requests.length, 3);
    assert.equal(client.generation, 0);
  });

  it('also waits before the next call, never longer than the bound, until a session was opened', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const made = setUp();
    const { hosts, client } = made;
    hosts.onDial = () => Promise.reject(unreachable());
    const failed = client.openSession({ delegate }).catch(() => {});
    for (const ms of [0, 100, 200]) {
      await settled();
      t.mock.timers.tick(ms);
    }
    await failed;
    hosts.onDial = () => {};
    const opening = client.openSession({ delegate });
    await settled();
    t.mock.timers.tick(399);
    await settled();
    assert.equal(hosts.requests.length, 3);
    t.mock.timers.tick(1);
    await hosts.ready(1);
    await opening;
    await hosts.lose(1);
    assert.equal((await opened(made, 2)).generation, 2);
  });

  it('waits if the host accepted the connection but opened no session', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { hosts, client } = setUp();
    const opening = client.openSession({ delegate });
    await (await hosts.host(1)).next();
    await hosts.lose(1);
    await rejectsWith(opening, 'connection_lost');
    client.openSession({ delegate }).catch(() => {});
    await settled();
    assert.equal(hosts.requests.length, 1);
    t.mock.timers.tick(100);
    await settled();
    assert.equal(hosts.requests.length, 2);
  });

  it('does not retry what cannot succeed', async () => {
    const { hosts, client } = setUp();
    hosts.onDial = () => Promise.reject(new CodeModeError('invalid_config', 'no such URL'));
    await rejectsWith(client.openSession({ delegate }), 'invalid_config');
    assert.equal(hosts.requests.length, 1);
  });
});

describe('Aborting a session that waits for its connection', () => {
  it('keeps the connection for the others', async () => {
    const { hosts, client } = setUp();
    const gate = Promise.withResolvers<void>();
    hosts.onDial = () => gate.promise;
    const giveUp = new AbortController();
    const given = client.openSession({ delegate, signal: giveUp.signal });
    const kept = client.openSession({ delegate });
    await settled();
    const reason = new Error('no more time');
    giveUp.abort(reason);
    await assert.rejects(given, (error) => error === reason);
    assertNoListeners(giveUp.signal);
    assert.equal(hosts.requests[0]?.signal.aborted, false);
    gate.resolve();
    await hosts.ready(1);
    assert.equal((await kept).generation, 1);
  });

  it('drops the connection with the last caller, and the next caller gets another', async () => {
    const { hosts, client } = setUp();
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    hosts.onDial = () => gates[hosts.requests.length - 1]?.promise;
    const giveUp = new AbortController();
    const given = client.openSession({ delegate, signal: giveUp.signal });
    await settled();
    giveUp.abort(new Error('no more time'));
    await assert.rejects(given, /no more time/);
    assert.equal(hosts.requests[0]?.signal.aborted, true);
    const opening = client.openSession({ delegate });
    // The first connection is still made, but not kept.
    for (const gate of gates) gate.resolve();
    await hosts.ready(2);
    assert.equal((await opening).generation, 1);
    assert.equal(client.generation, 1);
    await hosts.hosts[0]?.closed;
  });

  it('ends the wait for the next attempt', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { hosts, client } = setUp();
    hosts.onDial = () => Promise.reject(unreachable());
    const giveUp = new AbortController();
    const given = client.openSession({ delegate, signal: giveUp.signal });
    await settled();
    giveUp.abort(new Error('no more time'));
    await assert.rejects(given, /no more time/);
    t.mock.timers.tick(10_000);
    await settled();
    assert.equal(hosts.requests.length, 1);
  });

  it('before it began dials no host', async () => {
    const { hosts, client } = setUp();
    const signal = AbortSignal.abort(new Error('too late'));
    await assert.rejects(client.openSession({ delegate, signal }), /too late/);
    assert.equal(hosts.requests.length, 0);
  });
});

describe('Closing a reconnecting client', () => {
  it('closes its sessions and its connection, and does not reconnect', async () => {
    const made = setUp();
    const session = await opened(made, 1);
    const closed = made.client.close();
    const host = await made.hosts.host(1);
    const { id, request } = await host.next();
    assert.equal(request.method, 'session/shutdown');
    host.answer(id, { type: 'session/closed', sessionId: session.id });
    await closed;
    await made.client.close();
    await rejectsWith(made.client.openSession({ delegate }), 'connection_lost');
    assert.equal(made.hosts.requests.length, 1);
  });

  it('fails callers that wait for a connection, even if dialling never ends', async () => {
    const { hosts, client } = setUp();
    hosts.onDial = () => never();
    const opening = client.openSession({ delegate });
    opening.catch(() => {});
    await settled();
    await client.close();
    assert.equal(hosts.requests[0]?.signal.aborted, true);
    await rejectsWith(opening, 'connection_lost');
  });
});

describe('The session layer', () => {
  it('accepts a reconnecting client as a host', async () => {
    const { hosts, client } = setUp();
    const creating = createSession({ host: client, delegate, sessionId: 'mine' });
    await hosts.ready(1);
    assert.equal((await creating).sessionId, 'mine');
  });
});
