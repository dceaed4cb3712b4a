import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import type { RemoteSession } from '../../../host/remote/remote-session.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { rejectsWith } from '../../support/events.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

const DELIVERED = { type: 'notification/delivered' };

const notesOf = ({ notifications }: ScriptedDelegate) => notifications.map(({ text }) => text);

/** A session `s`: `opened` under the client's id, or `created` by the host, which may start cells by itself. */
async function setUp(how: 'opened' | 'created', capabilities?: readonly string[]) {
  const [here, there] = memoryTransports();
  const host = new ScriptedHost(there, capabilities);
  const client = await HostClient.connect(here);
  const delegate = new ScriptedDelegate();
  const opening =
    how === 'opened'
      ? client.openSession({ delegate, sessionId: 's', toolErrors: 'string' })
      : client.createSession({ delegate });
  const { id } = await host.next();
  if (how === 'opened') host.answer(id, { type: 'session/ready', sessionId: 's' });
  else host.created(id, 's');
  return { host, client, delegate, session: await opening };
}

/** A requested cell with its own delegate. */
async function execute(host: ScriptedHost, session: RemoteSession) {
  const delegate = new ScriptedDelegate();
  const started = session.execute({ source: '', delegate });
  started.catch(() => {});
  const { id } = await host.next();
  return { delegate, started, id };
}

for (const [version, capabilities] of [
  ['1', []],
  ['our own', undefined],
] as const) {
  describe(`Messages of a ${version} host about a cell before the cell is known`, () => {
    it('reach the delegate of the cell, in order, as soon as the cell is known', async () => {
      const { host, session, delegate } = await setUp('opened', capabilities);
      const cell = await execute(host, session);
      const calls = [host.tool('s', '1', 'echo'), host.notify('s', '1', 'early')];
      host.started(cell.id, '1');
      calls.push(host.notify('s', '1', 'later'));
      assert.equal((await cell.started).cellId, '1');
      for (const call of calls) await host.answerTo(call);
      assert.deepEqual(notesOf(cell.delegate), ['early', 'later']);
      assert.deepEqual(
        cell.delegate.calls.map(({ tool }) => tool),
        ['echo'],
      );
      assert.deepEqual(delegate.log, []);
    });

    it('report that the cell is closed after the requests of the cell, once', async () => {
      const { host, session, delegate } = await setUp('opened', capabilities);
      const cell = await execute(host, session);
      const early = host.notify('s', '1', 'early');
      host.cellClosed('s', '1');
      host.started(cell.id, '1');
      host.cellClosed('s', '1');
      await cell.started;
      await host.answerTo(early);
      const told = cell.delegate.logOf('1').filter((entry) => /started|closed/.test(entry));
      assert.deepEqual(told, ['note early started', 'closed']);
      assert.deepEqual(delegate.log, []);
    });
  });
}

describe('A request for an unknown cell', () => {
  it('waits while any execute is pending, and is refused after the last', async () => {
    const { host, session, delegate } = await setUp('opened');
    const [one, two] = [await execute(host, session), await execute(host, session)];
    const second = host.notify('s', '2', 'of the second');
    const stranger = host.notify('s', '3', 'of nobody');
    host.started(one.id, '1');
    await one.started;
    await settled();
    assert.deepEqual(host.answers, []);
    host.started(two.id, '2');
    assert.deepEqual(await host.answerTo(second), DELIVERED);
    assert.match(String(await host.answerTo(stranger)), /Cannot deliver to cell 3 of session s/);
    assert.deepEqual(notesOf(two.delegate), ['of the second']);
    assert.deepEqual([one.delegate.log, delegate.log], [[], []]);
    const late = host.notify('s', '3', 'of nobody');
    assert.match(String(await host.answerTo(late)), /unknown cell 3/);
  });

  it('is refused if the last execute fails', async () => {
    const { host, session, delegate } = await setUp('opened');
    const cell = await execute(host, session);
    const call = host.notify('s', '1', 'too early');
    host.fail(cell.id, 'no');
    await rejectsWith(cell.started, 'peer_failed');
    assert.match(String(await host.answerTo(call)), /Cannot deliver to cell 1 of session s/);
    assert.deepEqual([cell.delegate.log, delegate.log], [[], []]);
  });

  it('goes to the delegate of the session after the last execute, if the host created the session', async () => {
    const { host, session, delegate } = await setUp('created');
    const cell = await execute(host, session);
    const own = host.notify('s', 'own', 'of the host');
    await settled();
    assert.deepEqual(host.answers, []);
    host.started(cell.id, '1');
    assert.deepEqual(await host.answerTo(own), DELIVERED);
    assert.deepEqual([notesOf(delegate), cell.delegate.log], [['of the host'], []]);
    host.cellClosed('s', 'own');
    await delegate.saw('own closed');
  });

  it('is answered when the session is closed', async () => {
    const { host, session } = await setUp('created');
    const cell = await execute(host, session);
    const call = host.notify('s', '1', 'early');
    const closing = session.close();
    host.answer((await host.next()).id, { type: 'session/closed', sessionId: 's' });
    await closing;
    assert.match(String(await host.answerTo(call)), /Cannot deliver to cell 1 of session s/);
    host.fail(cell.id, 'closed');
    await rejectsWith(cell.started, 'peer_failed');
  });

  it('waits as long as the host takes to answer', async (t) => {
    const { host, session } = await setUp('opened');
    const cell = await execute(host, session);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const call = host.notify('s', '1', 'early');
    await settled();
    t.mock.timers.tick(3_600_000);
    host.started(cell.id, '1');
    assert.deepEqual(await host.answerTo(call), DELIVERED);
  });

  it('can be cancelled, and is aborted if the connection is lost', async () => {
    const { host, client, session } = await setUp('opened');
    const cell = await execute(host, session);
    const call = host.notify('s', '1', 'early');
    host.send({ type: 'delegate/cancel', id: call, reason: 'terminate' });
    assert.match(String(await host.answerTo(call)), /was cancelled/);
    host.notify('s', '1', 'lost');
    await settled();
    host.destroy();
    await client.ended;
    await rejectsWith(cell.started, 'connection_lost');
    assert.deepEqual(cell.delegate.log, []);
  });

  it('is one of at most 4,096 per cell, in 1,024 cells and 64 MiB; more displace the oldest', async () => {
    const large = 'x'.repeat(16 << 20);
    const floods: readonly ((host: ScriptedHost) => number[])[] = [
      (host) => Array.from({ length: 4_097 }, () => host.notify('s', '1', 'n')),
      (host) => Array.from({ length: 1_025 }, (_, n) => host.notify('s', `${n}`, 'n')),
      (host) => Array.from({ length: 4 }, (_, n) => host.notify('s', `${n}`, large)),
    ];
    for (const flood of floods) {
      const { host, client, session } = await setUp('opened');
      await execute(host, session);
      const [oldest] = flood(host);
      assert.match(String(await host.answerTo(oldest!)), /pending session buffer overflow/);
      assert.equal(host.answers.length, 1);
      host.destroy();
      await client.ended;
    }
  });
});

describe('A cell of a host', () => {
  it('is closed once if it starts after its session was closed', async () => {
    const { host, session } = await setUp('opened');
    const cell = await execute(host, session);
    const closing = session.close();
    host.answer((await host.next()).id, { type: 'session/closed', sessionId: 's' });
    await closing;
    host.started(cell.id, '1');
    await cell.started;
    assert.deepEqual(cell.delegate.log, ['1 closed']);
  });

  it('is closed even if the news of that was displaced', async () => {
    const { host, session } = await setUp('opened');
    const cell = await execute(host, session);
    host.cellClosed('s', '1');
    const calls = Array.from({ length: 4_096 }, () => host.notify('s', '1', 'late'));
    host.started(cell.id, '1');
    await cell.started;
    for (const call of calls) assert.match(String(await host.answerTo(call)), /it is closed/);
    assert.deepEqual(cell.delegate.log, ['1 closed']);
  });

  for (const how of ['opened', 'created'] as const) {
    it(`requests nothing after it was closed, in a session that was ${how}`, async () => {
      const { host, session } = await setUp(how);
      const cell = await execute(host, session);
      host.started(cell.id, '1');
      await cell.started;
      host.cellClosed('s', '1');
      const late = host.notify('s', '1', 'late');
      host.cellClosed('s', '1');
      assert.match(String(await host.answerTo(late)), /Cannot deliver to cell 1.*it is closed/);
      assert.deepEqual(cell.delegate.log, ['1 closed']);
    });
  }

  it('requests nothing after it was closed if the host started it by itself', async () => {
    const { host, delegate } = await setUp('created');
    await host.answerTo(host.notify('s', 'own', 'hello'));
    host.cellClosed('s', 'own');
    const late = host.notify('s', 'own', 'late');
    assert.match(String(await host.answerTo(late)), /Cannot deliver to cell own.*it is closed/);
    assert.deepEqual(delegate.log.at(-1), 'own closed');
    assert.equal(delegate.log.filter((entry) => entry === 'own closed').length, 1);
  });

  it('cannot be started under the id of a live cell, which continues', async () => {
    const { host, session } = await setUp('opened');
    const [one, two] = [await execute(host, session), await execute(host, session)];
    host.started(one.id, '1');
    host.started(two.id, '1');
    await one.started;
    await rejectsWith(two.started, 'peer_failed');
    await assert.rejects(two.started, /Cannot execute: .* cell 1, .* lives/);
    host.initial(two.id, '1');
    assert.deepEqual(await host.answerTo(host.notify('s', '1', 'hello')), DELIVERED);
    assert.deepEqual([notesOf(one.delegate), notesOf(two.delegate)], [['hello'], []]);
    host.cellClosed('s', '1');
    await one.delegate.saw('1 closed');
    const again = await execute(host, session);
    host.started(again.id, '1');
    await again.started;
    assert.deepEqual(await host.answerTo(host.notify('s', '1', 'again')), DELIVERED);
    assert.deepEqual(notesOf(again.delegate), ['again']);
  });
});

describe('A cell that a host runs while it creates the session', () => {
  it('is closed when the host says so, and requests nothing after that', async () => {
    const [here, there] = memoryTransports();
    const host = new ScriptedHost(there);
    const client = await HostClient.connect(here);
    const delegate = new ScriptedDelegate();
    const created = client.createSession({ delegate });
    const { id } = await host.next();
    await host.answerTo(host.notify('s', '1', 'hello'));
    host.cellClosed('s', '1');
    await delegate.saw('1 closed');
    assert.equal(await isSettled(created), false);
    const late = host.notify('s', '1', 'late');
    assert.match(String(await host.answerTo(late)), /it is closed/);
    host.cellClosed('s', '1');
    host.created(id, 's');
    const session = await created;
    await settled();
    assert.deepEqual(delegate.log.slice(-1), ['1 closed']);
    assert.equal(delegate.log.filter((entry) => entry === '1 closed').length, 1);
    assert.equal(session.id, 's');
  });
});
