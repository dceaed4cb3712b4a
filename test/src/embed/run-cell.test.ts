import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { runCell } from '../../../src/embed/run-cell.ts';
import { CodeModeError } from '../../../src/errors.ts';
import { missingCell } from '../../../src/runtime/missing.ts';
import type { Session } from '../../../src/session.ts';
import { brief, rejectsWith } from '../../support/events.ts';
import { dropFakeSessions, fakeClock, fakeSession } from '../../support/fake-session.ts';
import { settled } from '../../support/gates.ts';
import { assertNoListeners, assertNoTimersLeft } from '../../support/leaks.ts';
import { ScriptedSession } from '../../support/scripted-session.ts';

afterEach(dropFakeSessions);

/** A scripted session whose `terminate` answers as the test says. */
class StubbornSession extends ScriptedSession {
  readonly #answer: Session['terminate'];

  constructor(answer: Session['terminate']) {
    super();
    this.#answer = answer;
  }

  override async terminate(cellId = '1') {
    await super.terminate();
    return this.#answer(cellId);
  }
}

describe('runCell', () => {
  it('collects the output of every wait, in order', async () => {
    const session = new ScriptedSession().yields('a').yields('b', 'c').completes();
    const result = await runCell(session, 'source', { callId: 'mine' });
    assert.equal(brief(result), 'completed: a b c');
    assert.equal(session.terminations, 0);
    assert.equal(session.requests[0]?.callId, 'mine');
  });

  it('starts nothing if its signal has aborted', async () => {
    const session = new ScriptedSession().completes();
    const reason = new Error('enough');
    const run = runCell(session, '', { signal: AbortSignal.abort(reason) });
    await assert.rejects(run, reason);
    assert.equal(session.requests.length, 0);
  });

  it('terminates a cell whose time is over, once, and keeps its output', async (t) => {
    const pass = fakeClock(t);
    const session = new ScriptedSession().yields('a');
    const run = runCell(session, '', { timeoutMs: 30_000 });
    await pass(29_999);
    assert.equal(session.terminations, 0);
    await pass(1);
    const result = await run;
    assert.equal(brief(result), 'terminated: a last words');
    assert.equal(result.stoppedBy, 'timeout');
    assert.equal(session.terminations, 1);
  });

  it('names the first cause if the signal aborts after the time was over', async (t) => {
    const pass = fakeClock(t);
    const caller = new AbortController();
    const run = runCell(new ScriptedSession(), '', { timeoutMs: 10, signal: caller.signal });
    t.mock.timers.tick(10);
    caller.abort();
    await pass(0);
    assert.equal((await run).stoppedBy, 'timeout');
  });

  it('leaves no listener on its signal and no timer', async () => {
    const { signal } = new AbortController();
    await assertNoTimersLeft(async () => {
      await runCell(new ScriptedSession().completes(), '', { signal, timeoutMs: 60_000 });
    });
    assertNoListeners(signal);
  });

  for (const [reason, type] of [
    ['terminated', 'terminated'],
    ['evicted', 'missing'],
  ] as const) {
    it(`ends as ${type} if the cell is missing after a wait because it was ${reason}`, async () => {
      const session = new ScriptedSession().yields('a');
      session.observe = async (cellId) => missingCell(cellId, reason);
      const result = await runCell(session, '');
      assert.equal(brief(result), type === 'terminated' ? 'terminated: a' : 'missing');
    });
  }

  it('brings the completion of a cell that ended by itself while it was stopped', async () => {
    const session = new StubbornSession(async (cellId) => ({
      type: 'completed',
      cellId,
      items: [{ type: 'input_text', text: 'done' }],
      failure: null,
      notes: [],
    }));
    const caller = new AbortController();
    const run = runCell(session, '', { signal: caller.signal });
    await settled();
    caller.abort();
    const result = await run;
    assert.deepEqual([brief(result), result.stoppedBy], ['completed: done', null]);
  });

  it('ends as terminated when another caller terminates the cell already', async () => {
    const session = new StubbornSession(async () => {
      throw new CodeModeError('cell_terminating', 'Cannot terminate');
    });
    session.yields('a');
    const caller = new AbortController();
    const run = runCell(session, '', { signal: caller.signal });
    await settled();
    caller.abort();
    assert.equal(brief(await run), 'terminated: a');
  });

  it('does not say that it stopped a cell which another caller terminated', async () => {
    const { session } = fakeSession();
    const run = runCell(session, '');
    await settled();
    await session.terminate('1');
    const result = await run;
    assert.deepEqual([result.type, result.stoppedBy], ['terminated', null]);
  });

  it('terminates the cell and fails with the error of its listener', async () => {
    const { session, sandbox } = fakeSession();
    const run = runCell(session, '', {
      onEvent: () => {
        throw new Error('the listener failed');
      },
    });
    await settled();
    sandbox.last.start();
    sandbox.last.text('a');
    await assert.rejects(run, /the listener failed/);
    assert.deepEqual(await session.cells(), []);
  });

  it('fails with the error of the session, and reads no events afterwards', async () => {
    const { session } = fakeSession();
    await session.close();
    await rejectsWith(runCell(session, '', { onEvent: () => {} }), 'session_closed');
  });

  const wrong = {
    timeoutMs: { timeoutMs: -1 },
    onEvent: { onEvent: 1 as never },
    signal: { signal: {} as never },
    source: { callId: 1 as never },
  };
  for (const [what, options] of Object.entries(wrong)) {
    it(`refuses a wrong option (${what})`, async () => {
      const { session } = fakeSession();
      await rejectsWith(runCell(session, '', options), 'invalid_argument');
    });
  }
});
