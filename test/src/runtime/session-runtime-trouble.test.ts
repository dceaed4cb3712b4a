import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { SessionRuntime } from '../../../src/runtime/session-runtime.ts';
import type { StoredValues } from '../../../src/stored-values.ts';
import { brief, expectEvent, rejectsWith, textOf } from '../../support/events.ts';
import { FakeSandbox } from '../../support/fake-sandbox.ts';
import {
  BLOCK,
  dropFakeSessions,
  fakeClock,
  fakeSession,
  STUBBORN,
} from '../../support/fake-session.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { assertNoTimersLeft } from '../../support/leaks.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';

afterEach(dropFakeSessions);

const LONG = { yieldAfterMs: 60_000 };
const LOST = { kind: 'lost', text: 'exec runtime ended unexpectedly' } as const;

describe('A sandbox that is lost', () => {
  it('ends its cell with a failure, keeps its output and stores nothing', async () => {
    const { begin, sandbox, session } = fakeSession();
    const { first, run } = await begin();
    run.text('a');
    run.fail(LOST);
    const event = expectEvent(await first, 'completed');
    assert.deepEqual(event.failure, LOST);
    assert.deepEqual(event.items.map(textOf), ['a']);
    const next = await begin();
    assert.equal(sandbox.last.program.values.size, 0);
    next.run.text('alive');
    next.run.end();
    assert.equal(brief(await next.first), 'completed: alive');
    await session.close();
  });

  it('is the reason for its missing cell afterwards', async () => {
    const { begin, session } = fakeSession();
    const { cellId, first, run } = await begin();
    run.yieldControl();
    await first;
    run.fail(LOST);
    await settled();
    assert.equal(brief(await session.terminate(cellId)), 'completed: (lost)');
    assert.equal(expectEvent(await session.observe(cellId), 'missing').reason, 'lost');
  });

  it('has the callbacks of its cell cancelled', async () => {
    const { begin, delegate } = fakeSession();
    const { first, run } = await begin();
    void run.callTool(BLOCK);
    run.fail(LOST);
    await first;
    assert.deepEqual(delegate.log.slice(-3), [
      '1 tool-1 cancelled: completion',
      '1 tool-1 finished',
      '1 closed',
    ]);
  });

  it('while the cell is held keeps the unread output', async () => {
    const { begin, session } = fakeSession();
    const { cellId, first, run } = await begin({ pending: true }, { preempt: AbortSignal.abort() });
    await first;
    run.text('a');
    run.frontier();
    run.fail(LOST);
    assert.equal(brief(await session.observe(cellId, LONG)), 'completed: a (lost)');
  });
});

describe('A delegate that misbehaves', () => {
  it('can throw in cellClosed', async () => {
    const { begin, delegate, session } = fakeSession();
    delegate.onClosed = () => {
      throw new Error('not today');
    };
    const { first, run } = await begin();
    run.end();
    assert.equal(brief(await first), 'completed');
    await session.close();
  });

  it('can reject in cellClosed without ending the process', async (t) => {
    const rejections: unknown[] = [];
    const note = (error: unknown) => rejections.push(error);
    process.prependListener('unhandledRejection', note);
    t.after(() => process.off('unhandledRejection', note));
    const delegate = new ScriptedDelegate();
    const bare = {
      invokeTool: delegate.invokeTool.bind(delegate),
      notify: delegate.notify.bind(delegate),
      cellClosed: async () => {
        throw new Error('not today');
      },
    };
    const { begin } = fakeSession({ delegate: bare });
    const { first, run } = await begin();
    run.end();
    await first;
    await settled();
    assert.deepEqual(rejections, []);
  });

  it('can leave out cellClosed', async () => {
    const { invokeTool, notify } = new ScriptedDelegate();
    const { begin } = fakeSession({ delegate: { invokeTool, notify } });
    const { first, run } = await begin();
    run.end();
    assert.equal(brief(await first), 'completed');
  });

  it('that observes the cell in cellClosed learns that it was delivered', async () => {
    const { begin, delegate, session } = fakeSession();
    const asked = Promise.withResolvers<unknown>();
    delegate.onClosed = (cellId) => asked.resolve(session.observe(cellId, LONG));
    const { first, run } = await begin();
    run.end();
    await first;
    assert.equal(((await asked.promise) as { reason: string }).reason, 'delivered');
  });

  it('can run another cell in cellClosed', async () => {
    const { begin, delegate, session, sandbox } = fakeSession();
    delegate.onClosed = () => {
      delegate.onClosed = () => {};
      void session.execute({ source: 'next' });
    };
    const { run } = await begin();
    run.end();
    await delegate.saw('1 closed');
    assert.equal(sandbox.last.program.source, 'next');
    assert.deepEqual(sandbox.released, []);
  });

  it('that runs another cell while the session closes is refused', async (t) => {
    fakeClock(t);
    const { begin, delegate, session, sandbox } = fakeSession();
    const refused = Promise.withResolvers<void>();
    delegate.onClosed = () => {
      refused.resolve(rejectsWith(session.execute({ source: 'next' }), 'session_closed'));
    };
    await begin();
    await session.close();
    await refused.promise;
    assert.equal(sandbox.runs.length, 1);
  });

  it('can close the session in cellClosed', async (t) => {
    fakeClock(t);
    const { begin, delegate, session } = fakeSession();
    delegate.onClosed = () => void session.close();
    await begin();
    assert.equal(await isSettled(session.close()), true);
  });

  it('can close the session from a cancelled tool', async (t) => {
    const pass = fakeClock(t);
    const { begin, delegate, session } = fakeSession();
    delegate.onTool = (_call, signal) => {
      signal.addEventListener('abort', () => void session.close());
      return delegate.tools.wait(signal);
    };
    const { run } = await begin();
    void run.callTool(BLOCK);
    const closed = session.close();
    await pass(100);
    assert.equal(await isSettled(closed), true);
  });
});

describe('Stored values that cannot be committed', () => {
  it('keep neither the cell from ending nor the session from closing', async (t) => {
    fakeClock(t);
    const rejections: unknown[] = [];
    const note = (error: unknown) => rejections.push(error);
    process.prependListener('unhandledRejection', note);
    t.after(() => process.off('unhandledRejection', note));
    const storedValues: StoredValues = {
      snapshot: () => new Map(),
      commit: () => {
        throw new Error('the disk is full');
      },
    };
    const { begin, session } = fakeSession({ storedValues });
    const { first, run } = await begin();
    run.end();
    assert.equal(await isSettled(first), true);
    assert.match(expectEvent(await first, 'completed').notes.join(), /the disk is full/);
    assert.equal(await isSettled(session.close()), true);
    assert.deepEqual(rejections, []);
  });
});

describe('The run time of a cell', () => {
  it('is counted from its start, and ends with a failure that names the limit', async (t) => {
    const pass = fakeClock(t);
    const { begin, session, delegate } = fakeSession({ limits: { maxRunMs: 1_000 } });
    const { cellId, first, run } = await begin({ yieldAfterMs: 100 });
    await pass(100);
    assert.equal(brief(await first), 'yielded');
    run.text('a');
    await pass(899);
    assert.equal(run.killed, false);
    await pass(1);
    assert.equal(run.killed, true);
    await delegate.saw('1 closed');
    assert.equal(brief(await session.observe(cellId, LONG)), 'completed: a (limit)');
  });

  it('ends with the cell', async (t) => {
    const pass = fakeClock(t);
    const { begin } = fakeSession({ limits: { maxRunMs: 1_000 } });
    const { first, run } = await begin();
    run.end();
    assert.equal(brief(await first), 'completed');
    await pass(2_000);
    assert.deepEqual(run.orders, ['kill']);
  });

  it('leaves no timer behind, however the cell ends', async () => {
    await assertNoTimersLeft(async () => {
      const { begin, session } = fakeSession({ limits: { maxRunMs: 600_000 } });
      const ended = await begin();
      ended.run.end();
      await ended.first;
      await session.terminate((await begin()).cellId);
    });
  });

  it('does not count the delivery of notifications', async (t) => {
    const pass = fakeClock(t);
    const { begin, delegate } = fakeSession({ limits: { maxRunMs: 1_000 } });
    const { first, run } = await begin();
    void run.notify('block');
    run.end();
    await settled();
    await pass(2_000);
    delegate.notes.release();
    assert.equal(brief(await first), 'completed');
  });

  it('can be longer than a timer', async (t) => {
    const pass = fakeClock(t);
    const { begin } = fakeSession({ limits: { maxRunMs: 2 ** 40 } });
    const { run } = await begin();
    await pass(60_000);
    assert.equal(run.killed, false);
  });
});

describe('A session and its sandbox', () => {
  it('receives the program with its tools, values and options, under one symbol', async () => {
    const sandbox = new FakeSandbox();
    const tools = [{ name: 'my-tool', description: 'does', inputSchema: {} }];
    const options = { delegate: new ScriptedDelegate(), sandbox, tools, console: true };
    const session = new SessionRuntime({ ...options, toolErrors: 'string' });
    await session.execute({ source: 'one' });
    await session.execute({ source: 'two' });
    const [one, two] = sandbox.runs;
    assert.deepEqual(one?.program, {
      source: 'one',
      tools: [{ identifier: 'my_tool', description: 'does' }],
      values: new Map(),
      toolErrors: 'string',
      console: true,
      globals: 'standard',
      hold: false,
    });
    assert.equal(one.session, two?.session);
    await session.close();
  });

  it('releases the sandbox when nothing runs, and does not close it', async () => {
    const { begin, sandbox, session } = fakeSession();
    const one = await begin();
    const two = await begin();
    one.run.end();
    await one.first;
    assert.deepEqual(sandbox.released, []);
    two.run.end();
    await two.first;
    assert.deepEqual(sandbox.released, [one.run.session]);
    await session.close();
    assert.equal(sandbox.isClosed, false);
  });

  it('answers a call of a missing tool', async () => {
    const { begin, delegate } = fakeSession();
    const { run } = await begin();
    const answer = await run.callTool(99);
    assert.equal(answer.ok, false);
    assert.deepEqual(delegate.calls, []);
  });

  it('refuses an unknown limit', () => {
    const limits = { maxCels: 1 } as object;
    assert.throws(() => fakeSession({ limits }), /maxCels/);
  });

  it('does not count a cell that is being terminated as free', async (t) => {
    const pass = fakeClock(t);
    const { begin, session } = fakeSession({ limits: { maxLiveCells: 1 } });
    const { cellId, run } = await begin();
    void run.callTool(STUBBORN);
    const terminated = session.terminate(cellId);
    await rejectsWith(session.execute({ source: '' }), 'limit_exceeded');
    await pass(100);
    await terminated;
    await session.execute({ source: '' });
  });

  it('keeps no completion if the limit is zero', async () => {
    const { begin, session } = fakeSession({ limits: { maxCompletedCells: 0 } });
    const { cellId, first, run } = await begin({ yieldAfterMs: 0 });
    await first;
    run.end();
    await settled();
    assert.equal(expectEvent(await session.observe(cellId), 'missing').reason, 'evicted');
    assert.deepEqual(await session.cells(), []);
  });
});
