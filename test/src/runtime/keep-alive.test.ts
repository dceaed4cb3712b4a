import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { LINGER_MS } from '../../../src/runtime/keep-alive.ts';
import { BLOCK, dropFakeSessions, fakeClock, fakeSession } from '../../support/fake-session.ts';
import { settled } from '../../support/gates.ts';
import { assertNoTimersLeft } from '../../support/leaks.ts';

afterEach(dropFakeSessions);

const SHORT = { yieldAfterMs: 10 };

describe('A program', () => {
  it('lets its process exit 2 s after the last caller stopped waiting', async (t) => {
    const pass = fakeClock(t);
    const { begin } = fakeSession();
    const { first, run } = await begin(SHORT);
    await pass(10);
    await first;
    await pass(LINGER_MS - 1);
    assert.deepEqual(run.references, []);
    await pass(1);
    assert.deepEqual(run.references, ['unref']);
  });

  it('keeps its process alive while a caller waits, and again for the next one', async (t) => {
    const pass = fakeClock(t);
    const { begin, session } = fakeSession();
    const { cellId, first, run } = await begin({ yieldAfterMs: 9_000 });
    await pass(8_999);
    assert.deepEqual(run.references, []);
    await pass(1);
    await first;
    await pass(LINGER_MS);
    const next = session.observe(cellId, { yieldAfterMs: 5_000 });
    await pass(5_000);
    await next;
    assert.deepEqual(run.references, ['unref', 'ref']);
  });

  it('keeps its process alive while a reader reads its events', async (t) => {
    const pass = fakeClock(t);
    const { begin, session } = fakeSession();
    const { cellId, first, run } = await begin(SHORT);
    const reader = session.events(cellId);
    run.text('a');
    await reader.next();
    await pass(10);
    await first;
    await pass(LINGER_MS);
    assert.deepEqual(run.references, []);
    await reader.return();
    await reader.return();
    await pass(LINGER_MS);
    assert.deepEqual(run.references, ['unref']);
  });

  it('keeps its process alive while a callback of it runs', async (t) => {
    const pass = fakeClock(t);
    const { begin, delegate } = fakeSession();
    const { first, run } = await begin(SHORT);
    void run.callTool(BLOCK);
    await pass(10);
    await first;
    await pass(LINGER_MS);
    assert.deepEqual(run.references, []);
    delegate.tools.release(undefined);
    await settled();
    await pass(LINGER_MS);
    assert.deepEqual(run.references, ['unref']);
  });

  it('leaves no timer when it ends, with or without a waiting caller', async () => {
    const { begin, session } = fakeSession();
    await assertNoTimersLeft(async () => {
      const { first, run, cellId } = await begin({ yieldAfterMs: 0 });
      await first;
      run.end();
      await settled();
      await session.observe(cellId);
      const other = await begin({ yieldAfterMs: 0 });
      await other.first;
      await session.terminate(other.cellId);
      const waitedFor = await begin();
      waitedFor.run.end();
      await waitedFor.first;
    });
  });
});
