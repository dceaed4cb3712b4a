import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { LONG } from '../../contract/session-setup.ts';
import { brief } from '../../support/events.ts';
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
    assert.equal(told((await first).value ?? assert.fail()), 'output a');
  });

  it('while its notifications are delivered gets earlier events and the end', async () => {
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

  it('while it is terminated gets earlier events and the end', async (t) => {
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

  it('that was executed with keepEvents gets 8,192 events, however late', async () => {
    const { sandbox, session } = fakeSession();
    const { cellId } = await session.execute({ source: '', keepEvents: true });
    for (let n = 0; n < 8_192; n += 1) sandbox.last.text(`${n}`);
    for (let n = 0; n < 130; n += 1) sandbox.last.text('later');
    const words = await nextOf(session.events(cellId), 8_193);
    assert.deepEqual(words.slice(0, 2), ['gap 130', 'output 130']);
    assert.deepEqual(words.slice(-131, -129), ['output 8191', 'output later']);
  });

  it('begins with the first next, not before', async () => {
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin();
    const events = session.events(cellId);
    run.text('a');
    assert.equal(events.take(), undefined);
    assert.deepEqual(await nextOf(events, 1), ['output a']);
  });

  it('without reading still gets all events, although the cell is gone', async () => {
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
    assert.deepEqual(session.recorded, { events: 0, bytes: 0 });
  });

  it('can be ended by the delegate during a call', async () => {
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
    assert.deepEqual(await restOf(session.events(cellId, { after: 1 })), [
      'output inside',
      'tool-ended tool-1',
      'draining',
      'completed',
    ]);
  });

  it('can be done by the delegate during a call, and nested calls are served', async () => {
    const { begin, session, delegate } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    const events = session.events(cellId);
    const seen: Promise<readonly string[]>[] = [];
    delegate.onTool = ({ callId }) => {
      if (callId !== 'tool-1') return callId;
      seen.push(nextOf(events, 2));
      return run.callTool().then((answer) => answer.ok);
    };
    assert.deepEqual(await run.callTool(), { ok: true, text: 'true' });
    assert.deepEqual(await seen[0], ['tool-started tool-1 block', 'tool-started tool-2 block']);
    assert.deepEqual(await nextOf(events, 2), ['tool-ended tool-2', 'tool-ended tool-1']);
  });
});

describe('Events of a cell that is gone', () => {
  it('can be read to the end by a reader that began before', async () => {
    const { begin, session } = fakeSession();
    const { cellId, first, run } = await begin();
    run.text('a');
    for await (const _ of session.events(cellId)) break;
    run.text('b');
    run.end();
    assert.equal(brief(await first), 'completed: a b');
    const words = await restOf(session.events(cellId, { after: 1 }));
    assert.deepEqual(words, ['output b', 'draining', 'completed']);
  });

  it('are kept on request, of the latest 64 cells', async () => {
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
    const events = session.events('65');
    assert.deepEqual(await nextOf(events, 1), ['output 65']);
    await session.close();
    assert.deepEqual(await restOf(events), ['draining', 'completed']);
    assert.deepEqual(await restOf(session.events('64')), ['missing delivered']);
  });
});

describe('A reader that does not keep up', () => {
  it('gets a gap in place of the oldest events', async () => {
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    const events = session.events(cellId);
    const first = nextOf(events, 1);
    for (let n = 0; n <= 10_000; n += 1) run.text(String(n));
    assert.deepEqual(await first, ['output 0']);
    run.end();
    await settled();
    const words = await restOf(events);
    assert.deepEqual(words.slice(0, 2), ['gap 1809', 'output 1810']);
    assert.deepEqual(words.slice(-3), ['output 10000', 'draining', 'completed']);
    assert.equal((await session.observe(cellId)).items.length, 10_001);
  });

  it('makes a cell keep 4 MiB at most', async () => {
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    const events = session.events(cellId);
    const first = events.next();
    const mebi = 'x'.repeat(1 << 19);
    run.text('first');
    await first;
    for (let n = 0; n < 5; n += 1) run.text(mebi);
    assert.ok(session.recorded.bytes <= 4 << 20);
    assert.deepEqual((await nextOf(events, 1))[0], 'gap 2');
  });

  it('gets an event that is larger than the whole record, if it waits for it', async () => {
    const { begin, session } = fakeSession();
    const { cellId, run } = await begin(NO_WAIT);
    const large = 'x'.repeat(5 << 20);
    const [waiting, late] = [session.events(cellId), session.events(cellId)];
    const words = nextOf(waiting, 1);
    run.text(large);
    assert.deepEqual(await words, [`output ${large}`]);
    run.text('more');
    assert.deepEqual(await nextOf(late, 2), ['gap 1', 'output more']);
  });
});

describe('A journal', () => {
  it('gets every event of every cell in order, whatever is dropped', async () => {
    const journal: string[] = [];
    const { begin } = fakeSession({
      journal: (cellId, event) => void journal.push(`${cellId}:${event.seq} ${told(event)}`),
    });
    const { run, first } = await begin();
    for (let n = 1; n <= 300; n += 1) run.text(String(n));
    run.end();
    await first;
    const texts = Array.from({ length: 300 }, (_, n) => `1:${n + 1} output ${n + 1}`);
    assert.deepEqual(journal, [...texts, '1:301 draining', '1:302 completed']);
  });
});

describe('The events that wait for readers', () => {
  it('take 8 MiB at most in all cells of a session; the oldest are dropped first', async (t) => {
    t.mock.timers.enable({ apis: ['Date'] });
    const { begin, session } = fakeSession();
    const [a, b, c] = [await begin(NO_WAIT), await begin(NO_WAIT), await begin(NO_WAIT)];
    const mebi = 'x'.repeat(1 << 19);
    a.run.text('early');
    t.mock.timers.tick(1);
    for (let n = 0; n < 3; n += 1) b.run.text(mebi);
    t.mock.timers.tick(1);
    for (let n = 0; n < 3; n += 1) c.run.text(mebi);
    const { run, cellId } = await begin(NO_WAIT);
    for (let n = 0; n < 2; n += 1) run.text(mebi);
    assert.ok(session.recorded.bytes <= 8 << 20);
    for (const each of [a.run, b.run, c.run, run]) each.end();
    assert.deepEqual(await restOf(session.events(a.cellId)), ['gap 1', 'draining', 'completed']);
    assert.equal((await restOf(session.events(b.cellId)))[0], 'gap 1');
    assert.notEqual((await restOf(session.events(c.cellId)))[0], 'gap 1');
    assert.notEqual((await restOf(session.events(cellId)))[0], 'gap 1');
  });

  it('are dropped with the cell, without a trace', async () => {
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
    assert.deepEqual(session.recorded, { events: 0, bytes: 0 });
  });

  it('are kept for more cells than the default limit of ids', async () => {
    const { begin, session } = fakeSession();
    const cells = [];
    for (let n = 0; n < 120; n += 1) cells.push(await begin(NO_WAIT));
    for (const { run } of cells) run.text('a');
    for (const { cellId } of cells) {
      assert.deepEqual(await nextOf(session.events(cellId), 1), ['output a']);
    }
  });
});

describe('Events of a cell that has ended', () => {
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

  it('are missing with the same reason as for observers', async () => {
    const { begin, session } = fakeSession({ limits: { maxCompletedCells: 0 } });
    const { cellId, run } = await begin(NO_WAIT);
    run.end();
    await settled();
    assert.deepEqual(await restOf(session.events(cellId)), ['missing evicted']);
    assert.deepEqual(session.recorded, { events: 0, bytes: 0 });
  });

  it('reach a reader that came before the cell was forgotten', async () => {
    const { begin, session } = fakeSession({ limits: { maxCompletedCells: 0 } });
    const { cellId, run } = await begin(NO_WAIT);
    const words = restOf(session.events(cellId));
    run.end();
    assert.deepEqual(await words, ['draining', 'completed']);
  });
});
