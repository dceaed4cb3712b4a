import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SessionOpening, type SessionWish } from '../../../host/core/session-opening.ts';
import { Host } from '../../../host/server/host.ts';
import { SessionRuntime } from '../../../src/runtime/session-runtime.ts';
import { brief } from '../../support/events.ts';
import { FakeSandbox } from '../../support/fake-sandbox.ts';
import { isSettled, never, settled } from '../../support/gates.ts';
import { restOf } from '../../support/live-events.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { connect, connectWithSession, executeRequest } from '../../support/v1-peer.ts';

const PROGRAMS = new FakeSandbox({
  stay: (run) => run.start(),
  hi: (run) => {
    run.start();
    run.text('hi');
    run.end();
  },
});

const runtime = (delegate = new ScriptedDelegate()) =>
  new SessionRuntime({ delegate, sandbox: PROGRAMS });

/** A session that opens on demand. */
function setUp() {
  const { promise, resolve, reject } = Promise.withResolvers<SessionRuntime>();
  const wishes: SessionWish[] = [];
  const retired: string[] = [];
  const abandoned: string[] = [];
  const opening = new SessionOpening(
    (wish) => {
      wishes.push(wish);
      return promise;
    },
    { delegate: new ScriptedDelegate(), options: { console: true } },
    (cellId) => retired.push(cellId),
    { afterMs: 500, told: (what) => abandoned.push(what) },
  );
  return { opening, session: opening.session, wishes, retired, abandoned, resolve, reject };
}

describe('A session that is opening', () => {
  it('holds requests until it is open', async () => {
    const { session, wishes, retired, resolve } = setUp();
    const asked = [
      session.execute({ source: 'hi' }),
      session.observe('7'),
      session.resume('7', 1),
      session.terminate('7'),
      session.cells(),
      session.values(),
    ] as const;
    for (const answer of asked) assert.equal(await isSettled(answer), false);
    assert.deepEqual(wishes[0]?.options, { console: true });
    resolve(runtime());
    const [started, ...rest] = await Promise.all(asked);
    assert.equal(brief(await started.first), 'completed: hi');
    assert.equal(rest.length, 5);
    assert.deepEqual(retired, [started.cellId]);
    await session.close();
    assert.deepEqual(retired, [started.cellId]);
  });

  it('delivers events that were requested before it was open', async () => {
    const { session, resolve } = setUp();
    const events = session.events('1');
    assert.equal(events.take(), undefined);
    const told = restOf(events);
    const inner = runtime();
    const { first } = await inner.execute({ source: 'stay', observe: { yieldAfterMs: 0 } });
    await first;
    resolve(inner);
    await inner.terminate('1');
    assert.equal((await told).at(-1), 'missing terminated');
    assert.deepEqual(await events.return(), { done: true, value: undefined });
  });

  it('fails requests if it cannot be opened, and can be closed', async () => {
    const { opening, session, reject } = setUp();
    const asked = [session.execute({ source: 'hi' }), session.events('1').next(), opening.opened()];
    const refused = Promise.all(asked.map((answer) => assert.rejects(answer, /no room/)));
    reject(new Error('no room'));
    await refused;
    assert.deepEqual(await session.events('1').return(), { done: true, value: undefined });
    await session.close();
  });

  it('aborts its opening when it is closed, and is closed if it still opens', async () => {
    const { session, wishes, resolve } = setUp();
    const closing = session.close();
    assert.equal(wishes[0]?.signal.aborted, true);
    const inner = runtime();
    resolve(inner);
    await closing;
    await assert.rejects(inner.execute({ source: 'hi' }), { code: 'session_closed' });
  });

  it('is abandoned if its opening ignores the abort, and closed if it opens late', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { opening, session, abandoned, resolve } = setUp();
    const asked = [session.execute({ source: 'hi' }), session.values(), opening.opened()];
    const refused = Promise.all(
      asked.map((answer) => assert.rejects(answer, { code: 'session_closed' })),
    );
    const closing = session.close();
    t.mock.timers.tick(499);
    assert.equal(await isSettled(closing), false);
    t.mock.timers.tick(1);
    await closing;
    await refused;
    assert.deepEqual(abandoned, ['open did not end within 500 ms of the abort of its signal']);
    const inner = runtime();
    resolve(inner);
    await settled();
    await assert.rejects(inner.execute({ source: 'hi' }), { code: 'session_closed' });
  });

  it('reports if it opens late and cannot be closed', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { session, abandoned, resolve } = setUp();
    const closing = session.close();
    t.mock.timers.tick(500);
    await closing;
    const inner = runtime();
    inner.close = () => Promise.reject(new Error('stuck'));
    resolve(inner);
    await settled();
    assert.equal(abandoned[1], 'it opened late and cannot be closed: stuck');
  });

  it('does not keep its host, or the client that closes it, waiting', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const warnings: object[] = [];
    const log = { info() {}, warn: (fields: object) => void warnings.push(fields) };
    const aborted = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let opened = 0;
    const open = ({ signal }: SessionWish) => {
      const { resolve } = aborted[opened]!;
      opened += 1;
      signal.addEventListener('abort', () => resolve());
      return never<SessionRuntime>();
    };
    const host = new Host({ open, limits: { abandonOpenMs: 500 }, log });
    const { peer, ended } = connect(host);
    await peer.hello('cellhost.cells');
    const [first] = ['s', 't'].map((sessionId) => peer.request('session/open', { sessionId }));
    const execute = peer.request('session/execute', { request: executeRequest('hi') });
    const shutdown = peer.request('session/shutdown');
    await aborted[0]!.promise;
    t.mock.timers.tick(500);
    const closed = { type: 'session/closed', sessionId: 's' };
    assert.deepEqual(await peer.answer(shutdown), closed);
    for (const id of [first!, execute]) {
      assert.equal(await peer.answer(id), 'code mode session is shutting down');
    }
    const closing = host.close();
    await aborted[1]!.promise;
    t.mock.timers.tick(500);
    await closing;
    await ended;
    assert.deepEqual(
      warnings.map((fields) => (fields as { session?: string }).session),
      ['s', 't'],
    );
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
  });

  it('forgets cells with unclaimed ends when it is closed', async () => {
    const { session, retired, resolve } = setUp();
    resolve(runtime());
    const { first } = await session.execute({ source: 'stay', observe: { yieldAfterMs: 0 } });
    assert.equal(brief(await first), 'yielded');
    assert.deepEqual(retired, []);
    await session.close();
    assert.deepEqual(retired, ['1']);
  });

  it('is known to its host at once, to requests right behind its opening', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const open = async ({ delegate }: SessionWish) => {
      await promise;
      return new SessionRuntime({ delegate, sandbox: PROGRAMS });
    };
    await using host = new Host({ open });
    const { peer } = connect(host);
    await peer.hello('cellhost.cells');
    const opened = peer.answer(peer.request('session/open'));
    const executed = peer.request('session/execute', { request: executeRequest('hi') });
    assert.equal(await isSettled(opened), false);
    resolve();
    assert.deepEqual(await opened, { type: 'session/ready', sessionId: 's' });
    assert.deepEqual(await peer.answer(executed), { type: 'execution/started', cellId: '1' });
    await peer.close();
  });

  it('leaves nothing behind at its host if closing fails', async () => {
    const open = async ({ delegate }: SessionWish) => {
      const inner = new SessionRuntime({ delegate, sandbox: PROGRAMS });
      inner.close = () => Promise.reject(new Error('cannot close'));
      return inner;
    };
    const host = new Host({ open });
    const { peer, ended } = await connectWithSession(host);
    await peer.answer(peer.request('session/open', { sessionId: 'other' }));
    await peer.initial(peer.execute('stay', { yield_time_ms: 0 }));
    assert.equal(await peer.answer(peer.request('session/shutdown')), 'cannot close');
    assert.equal((await peer.nextOf('cell/closed')).cellId, '1');
    await peer.close();
    assert.equal(await ended, null);
    assert.deepEqual(host.counts, { connections: 0, sessions: 0 });
  });
});
