import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { Cancelled } from '../../../src/errors.ts';
import { rejectsWith } from '../../support/events.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

async function setUp(capabilities?: readonly string[]) {
  const [here, there] = memoryTransports();
  const host = new ScriptedHost(there, capabilities);
  return { host, client: await HostClient.connect(here) };
}

/** A client that has asked its host for a session. */
async function creating(options: { signal?: AbortSignal } = {}) {
  const { host, client } = await setUp();
  const delegate = new ScriptedDelegate();
  const created = client.createSession({ delegate, ...options });
  created.catch(() => {});
  const { id, request } = await host.next();
  return { host, client, delegate, created, id, token: request.token as string };
}

describe('A session whose id the host chooses', () => {
  it('has the id and the URL from the host, and is requested without either', async () => {
    const { host, created, id } = await creating();
    const { request } = host.asked[0]!;
    assert.equal(request.method, 'session/create');
    assert.ok(!('sessionId' in request));
    assert.ok(!('sandbox' in request));
    host.created(id, 'remote-1', { remoteUrl: 'https://example.com/remote-1' });
    const session = await created;
    assert.equal(session.id, 'remote-1');
    assert.equal(session.remoteUrl, 'https://example.com/remote-1');
  });

  for (const name of ['sessionId', 'sandbox']) {
    it(`is refused with a ${name} of the caller before anything is sent`, async () => {
      const { host, client } = await setUp();
      const options = { delegate: new ScriptedDelegate(), [name]: 'mine' };
      const created = client.createSession(options as { delegate: ScriptedDelegate });
      await rejectsWith(created, 'invalid_argument');
      await assert.rejects(created, new RegExp(name));
      await settled();
      assert.deepEqual(host.asked, []);
    });
  }

  it('is refused if the host lacks the capability', async () => {
    const { host, client } = await setUp(['cellhost.cells']);
    await rejectsWith(client.createSession({ delegate: new ScriptedDelegate() }), 'unsupported');
    await settled();
    assert.deepEqual(host.asked, []);
  });

  for (const how of ['the token', 'no token, being the only one'] as const) {
    it(`answers what the host needs before it can answer, with ${how}`, async () => {
      const { host, created, delegate, id, token } = await creating();
      const call = host.tool('new', '1', 'echo', how === 'the token' ? { token } : {});
      assert.deepEqual(await host.answerTo(call), { type: 'tool/result', result: 'echo' });
      assert.equal(await isSettled(created), false);
      host.created(id, 'new');
      await created;
      host.cellClosed('new', '1');
      await delegate.saw('1 closed');
    });
  }

  it('is destroyed once if the answer is malformed, and rejects with that error', async () => {
    const { host, created, delegate, id } = await creating();
    host.answer(id, { type: 'session/created', sessionId: 'odd', remoteUrl: 7 });
    const destroy = await host.next();
    assert.deepEqual(destroy.request, { method: 'session/shutdown', sessionId: 'odd' });
    const straggler = host.notify('odd', '1', 'late');
    assert.match(String(await host.answerTo(straggler)), /Cannot deliver to session odd/);
    const foreign = host.notify('other', '1', 'waits for the guard');
    await settled();
    assert.equal(await isSettled(created), false);
    assert.ok(!host.answers.some((answer) => answer.id === foreign));
    host.fail(destroy.id, 'it cannot be destroyed');
    await rejectsWith(created, 'peer_failed');
    await assert.rejects(created, /makes no sense: .*remoteUrl/);
    assert.match(String(await host.answerTo(foreign)), /pending session routing ended/);
    assert.equal(host.asked.length, 2);
    assert.deepEqual(delegate.notifications, []);
  });

  it('is not destroyed if the answer has no id, and the connection continues', async () => {
    const { host, client, created, id } = await creating();
    host.answer(id, {}, { status: 'sure' });
    await rejectsWith(created, 'peer_failed');
    const again = client.createSession({ delegate: new ScriptedDelegate() });
    host.created((await host.next()).id, 'fine');
    assert.equal((await again).id, 'fine');
    assert.equal(host.asked.length, 2);
  });

  it("fails with the host's error, and waiting requests are answered", async () => {
    const { host, client, created } = await creating();
    const other = client.createSession({ delegate: new ScriptedDelegate() });
    const parked = host.notify('never', '1', 'hello');
    const { id } = host.asked[0]!;
    const second = await host.next();
    host.fail(id, 'too many sessions');
    await rejectsWith(created, 'limit_exceeded');
    assert.ok(!host.answers.some((answer) => answer.id === parked));
    host.fail(second.id, 'no');
    await rejectsWith(other, 'peer_failed');
    assert.match(
      String(await host.answerTo(parked)),
      /pending session routing ended before session was registered/,
    );
  });

  it('is ended at the host if its caller has aborted, and its delegate is not called any more', async () => {
    const controller = new AbortController();
    const { host, created, delegate, id, token } = await creating({
      signal: controller.signal,
    });
    const call = host.tool('late', '1', 'block', { token });
    await delegate.saw('1 tool-1 started');
    controller.abort(new Error('never mind'));
    await assert.rejects(created, /never mind/);
    await delegate.saw('1 tool-1 cancelled: shutdown');
    const further = host.notify('late', '1', 'anybody?', { token });
    assert.match(String(await host.answerTo(further)), /unknown cell/);
    host.created(id, 'late');
    const { request } = await host.next();
    assert.deepEqual(request, { method: 'session/shutdown', sessionId: 'late' });
    assert.deepEqual(delegate.notifications, []);
    await host.answerTo(call);
  });

  it('fails when the connection is lost, and cancels early requests', async () => {
    const { host, created, delegate } = await creating();
    host.tool('new', '1', 'block');
    await delegate.saw('1 tool-1 started');
    host.destroy();
    await rejectsWith(created, 'connection_lost');
    await delegate.saw('1 tool-1 cancelled: disconnect');
    await delegate.saw('1 closed');
    assert.ok(delegate.signals.every(({ reason }) => reason instanceof Cancelled));
  });

  it('does not affect another one that is created at the same time, when it fails', async () => {
    const { host, client, created, id, delegate, token } = await creating();
    const lucky = new ScriptedDelegate();
    const other = client.createSession({ delegate: lucky });
    const second = await host.next();
    const lost = host.notify('bad', '1', 'for the bad one', { token });
    host.notify('good', '1', 'for the good one', { token: second.request.token });
    await lucky.saw('1 note for the good one finished');
    host.cellClosed('good', '1');
    host.fail(id, 'no');
    await rejectsWith(created, 'peer_failed');
    host.created(second.id, 'good');
    await other;
    await lucky.saw('1 closed');
    assert.deepEqual(delegate.logOf('1'), [
      'note for the bad one started',
      'note for the bad one finished',
      'closed',
    ]);
    await host.answerTo(lost);
    const straggler = host.notify('bad', '1', 'too late');
    assert.match(String(await host.answerTo(straggler)), /Cannot deliver to session bad/);
  });

  it('keeps 128 early items that cannot be served, and reports those that did not fit', async () => {
    const { host, client, created, id, delegate } = await creating();
    const other = client.createSession({ delegate: new ScriptedDelegate() });
    const second = await host.next();
    const calls = Array.from({ length: 130 }, (_, n) => host.notify('new', '1', `${n}`));
    const overflow = await Promise.all(calls.slice(0, 2).map((call) => host.answerTo(call)));
    for (const text of overflow) assert.match(String(text), /pending session buffer overflow/);
    host.created(id, 'new');
    await created;
    await host.answerTo(calls[129]!);
    const expected = Array.from({ length: 128 }, (_, n) => `${n + 2}`);
    assert.deepEqual(
      delegate.notifications.map(({ text }) => text),
      expected,
    );
    assert.equal(client.routing.dropped.pendingOverflow, 2);
    host.created(second.id, 'empty');
    await other;
  });

  it('can have 1,024 open cells that the host started by itself, and no more', async () => {
    const { host, created, delegate, id } = await creating();
    host.created(id, 'new');
    await created;
    const calls = Array.from({ length: 1_025 }, (_, n) => host.notify('new', `${n}`, 'hi'));
    assert.match(String(await host.answerTo(calls[1_024]!)), /unknown cell 1024/);
    assert.equal(delegate.notifications.length, 1_024);
    host.cellClosed('new', '0');
    const next = host.notify('new', 'next', 'hi');
    assert.deepEqual(await host.answerTo(next), { type: 'notification/delivered' });
  });
});

describe('A connection to a host', () => {
  it('answers requests for unknown sessions', async () => {
    const { host } = await setUp();
    const call = host.notify('whose', '1', 'hello');
    assert.match(String(await host.answerTo(call)), /Cannot deliver to session whose/);
  });

  it('answers requests for a closed session', async () => {
    const { host, created, id, delegate } = await creating();
    host.created(id, 'new');
    const session = await created;
    const closing = session.close();
    host.answer((await host.next()).id, { type: 'session/closed', sessionId: 'new' });
    await closing;
    const call = host.notify('new', '1', 'hello');
    assert.match(String(await host.answerTo(call)), /Cannot deliver to session new/);
    assert.deepEqual(delegate.log, []);
  });

  it('refuses to open an id twice, and an answer with another id', async () => {
    const { host, client } = await setUp();
    const delegate = new ScriptedDelegate();
    const first = client.openSession({ delegate, sessionId: 'mine' });
    await rejectsWith(client.openSession({ delegate, sessionId: 'mine' }), 'invalid_argument');
    const { id, request } = await host.next();
    assert.equal(request.sessionId, 'mine');
    host.answer(id, { type: 'session/ready', sessionId: 'yours' });
    await rejectsWith(first, 'peer_failed');
    await assert.rejects(first, /mine.*yours/);
    assert.equal(host.asked.length, 1);
    const call = host.notify('yours', '1', 'hello');
    assert.match(String(await host.answerTo(call)), /Cannot deliver/);
  });
});
