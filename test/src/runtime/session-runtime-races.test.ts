import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { brief, expectEvent } from '../../support/events.ts';
import {
  BLOCK,
  dropFakeSessions,
  fakeClock,
  fakeSession,
  STUBBORN,
} from '../../support/fake-session.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { assertNoTimersLeft } from '../../support/leaks.ts';

afterEach(dropFakeSessions);

const LONG = { yieldAfterMs: 60_000 };
const PENDING = { pending: true } as const;

describe('The yield timer of a cell', () => {
  it('gives a tool with the same timeout a second to answer', async (t) => {
    const pass = fakeClock(t);
    const { begin, delegate } = fakeSession();
    const { first, run } = await begin({ yieldAfterMs: 10_000 });
    const answered = run.callTool(BLOCK);
    await pass(10_500);
    delegate.tools.release('x');
    await answered;
    run.text('done');
    run.end();
    assert.equal(brief(await first), 'completed: done');
  });

  it('is bounded by the limit of the session, and does not stop the cell', async (t) => {
    const pass = fakeClock(t);
    const { begin, session } = fakeSession({ limits: { maxYieldAfterMs: 10_000 } });
    const { cellId, first, run } = await begin();
    await pass(9_999);
    assert.equal(await isSettled(first), false);
    await pass(1);
    assert.equal(brief(await first), 'yielded');
    const second = session.observe(cellId, { yieldAfterMs: 10_000 });
    await pass(10_000);
    assert.equal(brief(await second), 'yielded');
    run.end();
    expectEvent(await session.observe(cellId, LONG), 'completed');
  });

  it('counts from the start of the program, not from the request', async (t) => {
    const pass = fakeClock(t);
    const { session, sandbox } = fakeSession();
    const { first } = await session.execute({ source: '', observe: { yieldAfterMs: 50 } });
    await pass(40);
    sandbox.last.start();
    await pass(49);
    assert.equal(await isSettled(first), false);
    await pass(1);
    assert.equal(await isSettled(first), true);
    assert.equal(brief(await first), 'yielded');
  });

  it('counts from a second after the request if no sandbox has started the program', async (t) => {
    const pass = fakeClock(t);
    const { session, sandbox } = fakeSession({ limits: { maxRunMs: 100 } });
    const { cellId, first } = await session.execute({ source: '', observe: { yieldAfterMs: 50 } });
    await pass(1_000);
    await pass(49);
    assert.equal(await isSettled(first), false);
    await pass(1);
    assert.equal(await isSettled(first), true);
    assert.equal(brief(await first), 'yielded');
    const second = session.observe(cellId, { yieldAfterMs: 50 });
    await pass(50);
    assert.equal(await isSettled(second), true);
    assert.equal(brief(await second), 'yielded');
    const third = session.observe(cellId, LONG);
    sandbox.last.start();
    await pass(99);
    assert.equal(await isSettled(third), false);
    await pass(1);
    const { failure } = expectEvent(await third, 'completed');
    assert.match(failure?.text ?? '', /maxRunMs/);
  });

  it('is not restarted by a program that starts late', async (t) => {
    const pass = fakeClock(t);
    const { session, sandbox } = fakeSession();
    const { first } = await session.execute({ source: '', observe: { yieldAfterMs: 50 } });
    await pass(1_000);
    await pass(40);
    sandbox.last.start();
    await pass(10);
    assert.equal(await isSettled(first), true);
    assert.equal(brief(await first), 'yielded');
  });

  it('of 0 ms comes before output that is on its way', async () => {
    const { session, sandbox } = fakeSession();
    const executed = session.execute({ source: '', observe: { yieldAfterMs: 0 } });
    sandbox.last.start();
    sandbox.last.text('queued');
    const { cellId, first } = await executed;
    assert.equal(brief(await first), 'yielded');
    assert.equal(brief(await session.terminate(cellId)), 'terminated: queued');
  });

  it('stays armed while notifications are delivered', async (t) => {
    const pass = fakeClock(t);
    const { begin, session, delegate } = fakeSession();
    const { cellId, first, run } = await begin({ yieldAfterMs: 50 });
    run.text('a');
    void run.notify('block');
    await pass(40);
    run.end();
    await pass(10);
    assert.equal(brief(await first), 'yielded: a');
    const second = session.observe(cellId, { yieldAfterMs: 50 });
    await pass(50);
    assert.equal(brief(await second), 'yielded');
    delegate.notes.release();
    await settled();
    assert.equal(brief(await session.observe(cellId, LONG)), 'completed');
  });

  it('is cleared with the answer, and when the observer stops waiting', async () => {
    await assertNoTimersLeft(async () => {
      const { begin, session } = fakeSession();
      const { cellId, run } = await begin();
      run.yieldControl();
      const controller = new AbortController();
      const given = session.observe(cellId, LONG, { signal: controller.signal });
      controller.abort();
      await assert.rejects(given);
      void session.observe(cellId, LONG);
      await session.terminate(cellId);
    });
  });
});

describe('Terminating', () => {
  it('before a completion that is on its way wins', async () => {
    const fake = fakeSession();
    const { begin, session } = fake;
    const { cellId, first, run } = await begin();
    run.text('a');
    run.store('key', '1');
    run.end();
    const event = session.terminate(cellId);
    assert.equal(brief(await event), 'terminated: a');
    assert.equal(brief(await first), 'terminated: a');
    assert.equal(await storedValue(fake, 'key'), undefined);
  });

  it('after a completion gets the completion', async () => {
    const fake = fakeSession();
    const { begin, session } = fake;
    const { cellId, first, run } = await begin();
    run.yieldControl();
    await first;
    run.text('b');
    run.store('key', '1');
    run.end();
    await settled();
    assert.equal(brief(await session.terminate(cellId)), 'completed: b');
    assert.equal(await storedValue(fake, 'key'), '1');
  });

  it('kills the program in the same tick and accepts nothing more from it', async () => {
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin();
    const terminated = session.terminate(cellId);
    assert.deepEqual(run.orders, ['kill']);
    assert.equal(brief(await terminated), 'terminated');
  });

  it('while notifications are delivered cancels them at once, and takes 100 ms at most', async (t) => {
    const pass = fakeClock(t);
    const fake = fakeSession();
    const { begin, session, delegate } = fake;
    const { cellId, first, run } = await begin();
    run.text('a');
    void run.notify('stubborn');
    void run.callTool(STUBBORN);
    run.store('key', '1');
    run.end();
    await pass(5_000);
    const terminated = session.terminate(cellId);
    assert.ok(delegate.log.includes('1 note stubborn cancelled: terminate'));
    assert.ok(delegate.log.includes('1 tool-1 cancelled: terminate'));
    await pass(99);
    assert.equal(await isSettled(terminated), false);
    await pass(1);
    assert.equal(brief(await terminated), 'terminated: a');
    assert.equal(brief(await first), 'terminated: a');
    assert.equal(await storedValue(fake, 'key'), undefined);
  });

  it('while the last tools are awaited shares their deadline', async (t) => {
    const pass = fakeClock(t);
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin();
    void run.callTool(STUBBORN);
    run.end();
    await settled();
    await pass(60);
    const terminated = session.terminate(cellId);
    await pass(40);
    assert.equal(await isSettled(terminated), true);
    assert.equal(brief(await terminated), 'terminated');
  });

  it('at an undelivered frontier keeps its output', async () => {
    const { begin, session } = fakeSession();
    const controller = new AbortController();
    const { cellId, first, run } = await begin(PENDING, { signal: controller.signal });
    controller.abort();
    await assert.rejects(first);
    run.text('a');
    run.frontier();
    assert.equal(brief(await session.terminate(cellId)), 'terminated: a');
  });
});

describe('Closing', () => {
  it('of a hundred cells with stubborn callbacks takes 100 ms', async (t) => {
    const pass = fakeClock(t);
    const { begin, session, delegate } = fakeSession();
    for (let n = 0; n < 100; n += 1) {
      const { run } = await begin();
      void run.callTool(STUBBORN);
      void run.notify('stubborn');
      if (n % 2 === 0) run.end();
    }
    await settled();
    const closed = session.close();
    assert.ok(delegate.signals.every(({ aborted }) => aborted));
    await pass(99);
    assert.equal(await isSettled(closed), false);
    await pass(1);
    assert.equal(await isSettled(closed), true);
    assert.equal(session.counts.abandoned, 200);
    assert.deepEqual(await session.cells(), []);
  });

  it('counts callbacks that return too late', async (t) => {
    const pass = fakeClock(t);
    const { begin, session, delegate } = fakeSession();
    const { run } = await begin();
    void run.callTool(STUBBORN);
    void run.callTool(STUBBORN);
    const closed = session.close();
    await pass(100);
    await closed;
    delegate.tools.release(null);
    await settled();
    assert.deepEqual(session.counts, { abandoned: 2, late: 1 });
  });
});

describe('The requests to a sandbox', () => {
  it('hold from the start, step from a frontier, and release for an observer with a time', async () => {
    const { begin, session } = fakeSession();
    const { cellId, first, run } = await begin(PENDING);
    assert.equal(run.program.hold, true);
    run.frontier();
    expectEvent(await first, 'pending');
    expectEvent(await session.observe(cellId, PENDING), 'pending');
    assert.deepEqual(run.orders, []);
    await session.resume(cellId, 1);
    assert.deepEqual(run.orders, ['step']);
    run.frontier();
    void session.observe(cellId, LONG);
    assert.deepEqual(run.orders, ['step', 'release']);
    run.end();
    await settled();
    assert.deepEqual(run.orders, ['step', 'release', 'kill']);
  });

  it('hold a program that runs freely, when an observer waits for its frontier', async () => {
    const fake = fakeSession();
    const { begin, session } = fake;
    const { cellId, first, run } = await begin();
    assert.equal(run.program.hold, false);
    run.yieldControl();
    await first;
    const waiting = session.observe(cellId, PENDING);
    assert.deepEqual(run.orders, ['hold']);
    void run.callTool(BLOCK);
    run.frontier();
    assert.deepEqual(expectEvent(await waiting, 'pending').pendingCalls, [
      { callId: 'tool-1', tool: 'block' },
    ]);
  });
});

/** The stored values that the next program would start with. */
async function storedValue(fake: ReturnType<typeof fakeSession>, key: string) {
  await fake.session.execute({ source: '', observe: { yieldAfterMs: 0 } });
  return fake.sandbox.last.program.values.get(key);
}
