import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { HostClient } from '../../../host/client/host-client.ts';
import type { RemoteSession } from '../../../host/remote/remote-session.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { LONG, PENDING } from '../../contract/session-setup.ts';
import { rejectsWith } from '../../support/events.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';
import { ScriptedHost } from '../../support/scripted-host.ts';

const delegate = new ScriptedDelegate();
const MARGIN_MS = 100;
const V1_MS = 60_000;

/** A client whose host follows the test, and a clock that the test moves. */
async function setUp(t: TestContext, capabilities?: readonly string[]) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [here, there] = memoryTransports();
  const host = new ScriptedHost(there, capabilities);
  const client = await HostClient.connect(here, { answerWithinMs: MARGIN_MS });
  const pass = async (ms: number) => {
    await settled();
    for (let passed = 0; passed < ms; passed += 10) t.mock.timers.tick(10);
    await settled();
  };
  return { host, client, pass };
}

async function setUpSession(t: TestContext, capabilities?: readonly string[]) {
  const made = await setUp(t, capabilities);
  const opening = made.client.openSession({ delegate, sessionId: 's' });
  const { id } = await made.host.next();
  made.host.answer(id, { type: 'session/ready', sessionId: 's' });
  return { ...made, session: await opening };
}

/** Starts a cell whose first event the host still owes. */
async function started(host: ScriptedHost, executing: ReturnType<RemoteSession['execute']>) {
  const { id } = await host.next();
  host.answer(id, { type: 'execution/started', cellId: '1' });
  return { id, ...(await executing) };
}

type Call = (session: RemoteSession) => Promise<unknown>;

/** Each call with its own time, and what the error names. */
const CALLS: readonly (readonly [string, Call, number, string])[] = [
  ['execute', (s) => s.execute({ source: '' }), 0, 'session/execute'],
  ['observe', (s) => s.observe('1', { yieldAfterMs: 100 }), 100, 'session/wait'],
  ['observe with grace', (s) => s.observe('1'), 11_000, 'session/wait'],
  ['terminate', (s) => s.terminate('1'), 100, 'session/terminate'],
  ['resume', (s) => s.resume('1', 1), 0, 'session/resume'],
  ['cells', (s) => s.cells(), 0, 'session/cells'],
  ['values', (s) => s.values(), 0, 'session/values'],
];

describe('A host that does not answer', () => {
  for (const [name, call, ownMs, what] of CALLS) {
    it(`fails ${name} and the connection after ${ownMs} ms and the margin`, async (t) => {
      const { session, client, pass } = await setUpSession(t);
      const calling = call(session);
      await pass(ownMs + MARGIN_MS);
      assert.equal(await isSettled(calling), false);
      await pass(20);
      const message = `code-mode host did not answer ${what} within ${ownMs + MARGIN_MS} ms`;
      await assert.rejects(calling, { code: 'connection_lost', message });
      assert.equal(client.failure?.message, message);
      await rejectsWith(session.values(), 'state_lost');
    });
  }

  it('fails the opening of a session after 30 s and the margin', async (t) => {
    const { client, pass } = await setUp(t);
    const opening = client.openSession({ delegate });
    await pass(30_000 + MARGIN_MS);
    assert.equal(await isSettled(opening), false);
    await pass(20);
    const message = 'code-mode host did not answer session/open within 30100 ms';
    await assert.rejects(opening, { code: 'connection_lost', message });
  });

  it('does not keep a session from being closed', async (t) => {
    const { session, client, pass } = await setUpSession(t);
    const closing = session.close();
    await pass(100 + MARGIN_MS + 20);
    await closing;
    assert.match(client.failure?.message ?? '', /did not answer session\/shutdown within 200 ms/);
  });

  it('fails the first event of a cell after its time and the margin', async (t) => {
    const { session, host, pass } = await setUpSession(t);
    const observe = { yieldAfterMs: 500 };
    const { first } = await started(host, session.execute({ source: '', observe }));
    await pass(500 + MARGIN_MS);
    assert.equal(await isSettled(first), false);
    await pass(20);
    await assert.rejects(first, { code: 'connection_lost', message: /first event.* 600 ms/ });
  });

  it('has no deadline for a frontier, an infinite wait and events', async (t) => {
    const { session, host, pass } = await setUpSession(t);
    const endless = { yieldAfterMs: Number.POSITIVE_INFINITY };
    const executing = session.execute({ source: '', observe: endless });
    const { first } = await started(host, executing);
    const waits = [first, session.observe('2', PENDING), session.events('3').next()];
    await pass(100_000);
    for (const wait of waits) assert.equal(await isSettled(wait), false);
    host.destroy();
    for (const wait of waits) await rejectsWith(wait, 'connection_lost');
  });

  it('has the margin to answer an aborted wait, and no more', async (t) => {
    const { session, client, pass } = await setUpSession(t);
    const giveUp = new AbortController();
    const given = session.observe('1', PENDING, { signal: giveUp.signal });
    await pass(10_000);
    giveUp.abort(new Error('no more time'));
    await assert.rejects(given, /no more time/);
    await pass(MARGIN_MS);
    assert.equal(client.failure, null);
    await pass(20);
    assert.match((await client.ended).message, /did not answer session\/wait within 100 ms/);
  });

  it('has the margin to answer a cancelled subscription', async (t) => {
    const { session, client, pass } = await setUpSession(t);
    const events = session.events('1');
    const next = events.next();
    await pass(10_000);
    await events.return();
    assert.deepEqual(await next, { done: true, value: undefined });
    await pass(MARGIN_MS + 20);
    assert.match(client.failure?.message ?? '', /did not answer session\/events within 100 ms/);
  });

  it('has a minute more for an aborted wait if it only speaks version 1', async (t) => {
    const { session, client, pass } = await setUpSession(t, []);
    const giveUp = new AbortController();
    const endless = { yieldAfterMs: Number.POSITIVE_INFINITY };
    const given = session.observe('1', endless, { signal: giveUp.signal });
    await settled();
    giveUp.abort(new Error('no more time'));
    await assert.rejects(given, /no more time/);
    await pass(V1_MS + MARGIN_MS);
    assert.equal(client.failure, null);
    await pass(20);
    assert.match((await client.ended).message, /did not answer session\/wait within 60100 ms/);
  });

  it('has a minute more if it only speaks version 1', async (t) => {
    const { session, pass } = await setUpSession(t, []);
    const terminating = session.terminate('1');
    await pass(V1_MS + 100 + MARGIN_MS);
    assert.equal(await isSettled(terminating), false);
    await pass(20);
    await rejectsWith(terminating, 'connection_lost');
  });
});

describe('A host that answers', () => {
  it('does not seem dead when it has nothing to answer', async (t) => {
    const { session, client, host, pass } = await setUpSession(t);
    const executing = session.execute({ source: '', observe: LONG });
    const { id, first } = await started(host, executing);
    await pass(60_000);
    const Event = { type: 'completed', cellId: '1', items: [], failure: null, notes: [] };
    const result = { status: 'ok', value: { Event } };
    host.send({ type: 'execute/initialResponse', id, result });
    assert.equal((await first).type, 'completed');
    await pass(100_000);
    assert.equal(client.failure, null);
    host.destroy();
  });
});

describe('The margin of a client', () => {
  it('is refused when it is not a number of at least 0', async () => {
    for (const answerWithinMs of [-1, Number.NaN, '5' as unknown as number]) {
      const [here] = memoryTransports();
      const connecting = HostClient.connect(here, { answerWithinMs });
      const error = { code: 'invalid_argument', message: /answerWithinMs/ };
      await assert.rejects(connecting, error);
    }
  });
});
