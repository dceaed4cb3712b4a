import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { LONG } from '../../contract/session-setup.ts';
import { brief, rejectsWith } from '../../support/events.ts';
import {
  BLOCK,
  dropFakeSessions,
  fakeClock,
  fakeSession,
  STUBBORN,
} from '../../support/fake-session.ts';
import { settled } from '../../support/gates.ts';
import { nextOf, restOf, told } from '../../support/live-events.ts';

afterEach(dropFakeSessions);

const NO_WAIT = { yieldAfterMs: 0 };

describe('Subscribing to a cell', () => {
  it('before its first output gets it in the same tick', async () => {
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin();
    const events = session.events(cellId);
    const first = events.next();
    assert.equal(events.take(), undefined);
    run.text('a', 'b');
    assert.equal(told(events.take() ?? assert.fail()), 'output b');
    assert.deepEqual(await first, { done: false, value: { type: 'output', item: item('a') } });
  });

  it('while its notifications are delivered gets what was, and the end', async () => {
    const { begin, session, delegate } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    run.text('a');
    void run.notify('block');
    run.end();
    await settled();
    const words = restOf(session.events(cellId));
    delegate.notes.release();
    assert.deepEqual(await words, ['output a', 'notified block', 'draining', 'completed']);
  });

  it('while it is terminated gets what was, and the end', async (t) => {
    const pass = fakeClock(t);
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    void run.callTool(STUBBORN);
    void session.terminate(cellId);
    const events = session.events(cellId);
    assert.deepEqual(await nextOf(events, 2), ['tool-started tool-1 stubborn', 'terminating']);
    const rest = restOf(events);
    await pass(100);
    assert.deepEqual(await rest, ['terminated']);
  });

  it('that asked for its events to be kept gets 4,096 of them, however late it comes', async () => {
    const { sandbox, session } = fakeSession();
    const { cellId } = await session.execute({ source: '', keepEvents: true });
    for (let n = 0; n < 4_096; n += 1) sandbox.last.text(`${n}`);
    for (let n = 0; n < 130; n += 1) sandbox.last.text('later');
    const words = await nextOf(session.events(cellId), 4_098);
    assert.deepEqual(words.slice(4_094), ['output 4094', 'output 4095', 'gap 2', 'output later']);
  });

  it('begins with the first next, not before', async () => {
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin();
    const [early, late] = [session.events(cellId), session.events(cellId)];
    assert.equal(early.take(), undefined);
    run.text('a');
    assert.deepEqual(await nextOf(late, 1), ['output a']);
    await rejectsWith(early.next(), 'cell_busy');
    assert.equal((await early.next()).done, true);
  });

  it('that is not read still ends with all that was, though the cell is gone', async () => {
    const { begin, session } = fakeSession();
    const { cellId, first, run } = await begin();
    const events = session.events(cellId);
    run.text('a');
    assert.deepEqual(await nextOf(events, 1), ['output a']);
    run.text('b');
    run.end();
    assert.equal(brief(await first), 'completed: a b');
    await session.close();
    assert.deepEqual(await restOf(events), ['output b', 'draining', 'completed']);
    assert.equal(session.routing.liveIds, 0);
  });

  it('may be given up by the delegate in the middle of a call', async () => {
    const { begin, session, delegate } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    const events = session.events(cellId);
    const words = restOf(events);
    delegate.onTool = () => {
      void events.return();
      run.text('inside');
      return null;
    };
    await run.callTool();
    assert.deepEqual(await words, ['tool-started tool-1 block']);
    run.end();
    assert.deepEqual(await restOf(session.events(cellId)), [
      'output inside',
      'tool-ended tool-1',
      'draining',
      'completed',
    ]);
  });

  it('may be done by the delegate in the middle of a call, and calls inside it are served', async () => {
    const { begin, session, delegate } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    const events = session.events(cellId);
    const seen: Promise<readonly string[]>[] = [];
    delegate.onTool = ({ callId }) => {
      if (callId !== 'tool-1') return callId;
      seen.push(nextOf(events, 2));
      return run.callTool().then((answer) => answer.ok);
    };
    assert.deepEqual(await run.callTool(), { ok: true, json: 'true' });
    assert.deepEqual(await seen[0], ['tool-started tool-1 block', 'tool-started tool-2 block']);
    assert.deepEqual(await nextOf(events, 2), ['tool-ended tool-2', 'tool-ended tool-1']);
  });
});

describe('Events of a cell that is gone', () => {
  it('are kept for the next where a subscriber left in the middle, and read once', async () => {
    const { begin, session } = fakeSession();
    const { cellId, first, run } = await begin();
    run.text('a');
    for await (const _ of session.events(cellId)) break;
    run.text('b');
    run.end();
    assert.equal(brief(await first), 'completed: a b');
    assert.equal(session.routing.guards, 0);
    const words = await restOf(session.events(cellId));
    assert.deepEqual(words, ['output b', 'draining', 'completed']);
    assert.deepEqual(await restOf(session.events(cellId)), ['missing delivered']);
  });

  it('are kept where that was asked for, of the latest 64 cells', async () => {
    const { session, sandbox } = fakeSession();
    for (let n = 1; n <= 65; n += 1) {
      const { first } = await session.execute({ source: '', keepEvents: true });
      sandbox.last.start();
      sandbox.last.text(String(n));
      sandbox.last.end();
      await first;
    }
    assert.deepEqual(await restOf(session.events('1')), ['missing delivered']);
    assert.deepEqual(await restOf(session.events('2')), ['output 2', 'draining', 'completed']);
    assert.deepEqual(await restOf(session.events('2')), ['missing delivered']);
    const events = session.events('65');
    assert.deepEqual(await nextOf(events, 1), ['output 65']);
    await session.close();
    assert.deepEqual(await restOf(events), ['draining', 'completed']);
    assert.deepEqual(await restOf(session.events('64')), ['missing delivered']);
  });
});

describe('A subscriber that does not keep up', () => {
  it('is told what it missed, and has what there was room for before and after', async () => {
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    const events = session.events(cellId);
    const first = nextOf(events, 1);
    for (let n = 0; n <= 5_000; n += 1) run.text(String(n));
    assert.deepEqual(await first, ['output 0']);
    run.end();
    const words = await restOf(events);
    assert.deepEqual(words.slice(4_095, 4_098), ['output 4096', 'gap 777', 'output 4874']);
    assert.deepEqual(words.slice(-3), ['output 5000', 'draining', 'completed']);
    assert.equal((await session.observe(cellId)).items.length, 5_001);
  });

  it('is not kept more than 4 MiB for either', async () => {
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    const events = session.events(cellId);
    const first = events.next();
    const mebi = 'x'.repeat(1 << 19);
    run.text('first');
    await first;
    for (let n = 0; n < 4; n += 1) run.text(mebi);
    assert.equal(session.routing.parked, 0);
    run.text('one more');
    assert.equal(session.routing.parked, 1);
    assert.equal(session.routing.liveIds, 0);
    await nextOf(events, 5);
    assert.equal(session.routing.parked, 0);
    run.text('live again');
    assert.deepEqual(await nextOf(events, 1), ['output live again']);
  });
});

describe('What waits for subscribers', () => {
  it('is 8 MiB in all cells of a session at most, the oldest lost first', async () => {
    const { begin, session } = fakeSession();
    const [a, b] = [await begin(NO_WAIT), await begin(NO_WAIT)];
    const mebi = 'x'.repeat(1 << 19);
    a.run.text('early');
    for (let n = 0; n < 8; n += 1) b.run.text(mebi);
    assert.ok(session.routing.parkedBytes <= 8 << 20);
    a.run.end();
    b.run.end();
    assert.deepEqual(await restOf(session.events(a.cellId)), ['gap 1', 'draining', 'completed']);
    assert.equal((await restOf(session.events(b.cellId)))[0], 'gap 1');
  });

  it('is dropped with the cell, and nothing of it stays', async () => {
    const { begin, session, delegate } = fakeSession();
    for (let n = 0; n < 200; n += 1) {
      const { first, run } = await begin();
      run.text('a');
      const answer = run.callTool(BLOCK);
      delegate.tools.release(null);
      await answer;
      run.end();
      assert.equal(brief(await first), 'completed: a');
    }
    const { parked, parkedBytes, pendingIds, liveIds, guards } = session.routing;
    assert.deepEqual([parked, parkedBytes, pendingIds, liveIds, guards], [0, 0, 0, 0, 0]);
  });

  it('is more than the default limit of ids', async () => {
    const { begin, session } = fakeSession();
    const cells = [];
    for (let n = 0; n < 120; n += 1) cells.push(await begin(NO_WAIT));
    for (const { run } of cells) run.text('a');
    for (const { cellId } of cells) {
      assert.deepEqual(await nextOf(session.events(cellId), 1), ['output a']);
    }
  });
});

describe('Events of a cell that is over', () => {
  it('end with the end, however late an abandoned call comes back', async (t) => {
    const pass = fakeClock(t);
    const { begin, session, delegate } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    void run.callTool(STUBBORN);
    run.end();
    await settled();
    await pass(100);
    delegate.tools.release(null);
    await settled();
    const words = await restOf(session.events(cellId));
    assert.deepEqual(words, ['tool-started tool-1 stubborn', 'draining', 'completed']);
    assert.equal(brief(await session.observe(cellId, LONG)), 'completed');
  });

  it('are missing with the reason that observers are told', async () => {
    const { begin, session } = fakeSession({ limits: { maxCompletedCells: 0 } });
    const { cellId, run } = await begin(NO_WAIT);
    run.end();
    await settled();
    assert.deepEqual(await restOf(session.events(cellId)), ['missing evicted']);
    assert.equal(session.routing.guards, 0);
  });

  it('are told to a subscriber that was there when it was forgotten', async () => {
    const { begin, session } = fakeSession({ limits: { maxCompletedCells: 0 } });
    const { cellId, run } = await begin(NO_WAIT);
    const words = restOf(session.events(cellId));
    run.end();
    assert.deepEqual(await words, ['draining', 'completed']);
  });
});

function item(text: string) {
  return { type: 'input_text', text };
}
