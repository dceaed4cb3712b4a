import assert from 'node:assert/strict';
import { brief, textOf } from '../support/events.ts';
import { isSettled } from '../support/gates.ts';
import { assertNoListeners } from '../support/leaks.ts';
import { nextOf, outputsAmong, restOf } from '../support/live-events.ts';
import { LONG, PENDING, type SessionContract, start } from './session-setup.ts';

/** The cell is not observed from here on, so it stays until its end is claimed. */
const ALONE = 'yield_control();';
const BLOCKED = `${ALONE} text('a'); await tools.block(); text('b')`;
const BLOCKED_TELLS = ['output a', 'tool-started tool-1 block'];
const GOES_ON_TELLS = ['tool-ended tool-1', 'output b', 'draining', 'completed'];

/** Events arrive live and in order, and take nothing from observers. */
export function eventsCases(contract: SessionContract): void {
  contract.describe('live events', { needs: ['liveEvents'] }, () => {
    tellingCases(contract);
    subscribingCases(contract);
    leavingCases(contract);
    endCases(contract);
  });
}

function tellingCases({ it, setUp }: SessionContract): void {
  it('reach the listener of a cell that is run to its end, the end last', async () => {
    await using made = await setUp();
    const types: string[] = [];
    await made.session.run(`text('a'); await tools.echo(1); notify('b')`, {
      onEvent: ({ type }) => void types.push(type),
    });
    const news = types.filter((type) => type !== 'phase');
    assert.deepEqual(news, ['output', 'tool-started', 'tool-ended', 'notified', 'completed']);
  });

  it('report output, calls, notifications and the end in order', async () => {
    await using made = await setUp();
    const source = `${ALONE} text('a'); await tools.echo(1); notify('n'); await tools.fail().catch(() => {}); image('data:image/png;base64,AA==')`;
    const { cellId, first } = await start(made.session, source);
    assert.deepEqual(await restOf(made.session.events(cellId)), [
      'output a',
      'tool-started tool-1 echo',
      'tool-ended tool-1',
      'notified n',
      'tool-started tool-2 fail',
      'tool-ended tool-2 (failed)',
      'output data:image/png;base64,AA==',
      'draining',
      'completed',
    ]);
    assert.equal(brief(await first), 'yielded');
    const seen = brief(await made.session.observe(cellId, LONG));
    assert.equal(seen, 'completed: a data:image/png;base64,AA==');
  });

  it('arrive before the cell is observed', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const { cellId, first } = await start(session, `text('a'); await tools.block(); text('b')`);
    const events = session.events(cellId);
    assert.deepEqual(await nextOf(events, 2), BLOCKED_TELLS);
    assert.equal(await isSettled(first), false);
    delegate.tools.release(null);
    assert.equal(brief(await first), 'completed: a b');
    await events.return();
  });

  it('report that a cell is paused and resumed', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const { cellId, first } = await start(session, `await tools.block()`, { observe: PENDING });
    await first;
    const events = session.events(cellId);
    assert.deepEqual(await nextOf(events, 2), ['tool-started tool-1 block', 'held']);
    await session.resume(cellId, 1);
    assert.deepEqual(await nextOf(events, 1), ['running']);
    delegate.tools.release(null);
    assert.deepEqual(await restOf(events), ['tool-ended tool-1', 'draining', 'completed']);
  });

  it('report a failure', async () => {
    await using made = await setUp();
    const { cellId } = await start(
      made.session,
      `${ALONE} await tools.echo(); throw new Error('x')`,
    );
    const words = await restOf(made.session.events(cellId));
    assert.deepEqual(words.slice(-2), ['draining', 'completed (exception)']);
  });

  it('and observations have the same output, however it is split', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const source = `await tools.block(); for (let n = 0; n < 900; n += 1) { text(n); if (n % 7 === 0) { yield_control(); await tools.echo(n) } }`;
    const { cellId, first } = await start(session, source, { observe: { yieldAfterMs: 0 } });
    const events = session.events(cellId);
    assert.deepEqual(await nextOf(events, 1), ['tool-started tool-1 block']);
    const words = restOf(events);
    delegate.tools.release(null);
    const seen = [];
    let event = await first;
    for (let n = 0; event.type === 'yielded'; n += 1) {
      seen.push(...event.items.map(textOf));
      event = await session.observe(cellId, { yieldAfterMs: n % 3 });
    }
    seen.push(...event.items.map(textOf));
    const want = Array.from({ length: 900 }, (_, n) => String(n));
    assert.deepEqual(seen, want);
    assert.deepEqual(outputsAmong(await words), want);
  });
}

function subscribingCases({ it, setUp }: SessionContract): void {
  it('wait for a reader that comes after the end, before the cell is observed', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const { cellId } = await start(session, `${ALONE} text('a')`);
    await delegate.saw('1 closed');
    assert.deepEqual(await restOf(session.events(cellId)), ['output a', 'draining', 'completed']);
    assert.equal(brief(await session.observe(cellId, LONG)), 'completed: a');
  });

  it('are missing once the end was delivered, and for a cell that never existed', async () => {
    await using made = await setUp();
    const { session } = made;
    const { cellId, first } = await start(session, `text('a')`);
    await first;
    for (const id of [cellId, 'nowhere']) {
      const [only, ...others] = await Array.fromAsync(session.events(id));
      const { seq, atMs: _, ...event } = only ?? assert.fail();
      assert.deepEqual([seq, event, others], [0, await session.observe(id), []]);
    }
  });

  it('are kept past the end on request', async () => {
    await using made = await setUp();
    const { session } = made;
    const { cellId, first } = await start(session, `text('a')`, { keepEvents: true });
    assert.equal(brief(await first), 'completed: a');
    for (let readers = 0; readers < 2; readers += 1) {
      const words = await restOf(session.events(cellId));
      assert.deepEqual(words, ['output a', 'draining', 'completed']);
    }
  });

  it('of a cell that ends all reach its reader', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const source = `await tools.block(); for (let n = 0; n < 3000; n += 1) text(n)`;
    const { cellId, first } = await start(session, source);
    const events = session.events(cellId);
    await nextOf(events, 1);
    delegate.tools.release(null);
    assert.equal((await first).items.length, 3_000);
    const words = await restOf(events);
    assert.deepEqual(words.slice(-3), ['output 2999', 'draining', 'completed']);
    assert.equal(outputsAmong(words).length, 3_000);
  });

  it('that were not read in time are reported as a gap', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const { cellId } = await start(session, `${ALONE} for (let n = 0; n < 1000; n += 1) text(n)`);
    await delegate.saw('1 closed');
    const words = await restOf(session.events(cellId));
    assert.deepEqual(words.slice(0, 2), ['gap 873', 'output 873']);
    assert.deepEqual(words.slice(-3), ['output 999', 'draining', 'completed']);
    assert.equal((await session.observe(cellId)).items.length, 1000);
  });

  it('of one cell go to any number of readers, each at its own pace', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const { cellId } = await start(session, BLOCKED);
    const [quick, slow] = [session.events(cellId), session.events(cellId)];
    assert.deepEqual(await nextOf(quick, 2), BLOCKED_TELLS);
    assert.deepEqual(await nextOf(slow, 1), BLOCKED_TELLS.slice(0, 1));
    delegate.tools.release(null);
    assert.deepEqual(await restOf(quick), GOES_ON_TELLS);
    assert.deepEqual(await restOf(slow), [...BLOCKED_TELLS.slice(1), ...GOES_ON_TELLS]);
    const late = await restOf(session.events(cellId));
    assert.deepEqual(late, [...BLOCKED_TELLS, ...GOES_ON_TELLS]);
  });

  it('are numbered from 1 and time-stamped, and can be continued after a number', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const startedMs = Date.now();
    const { cellId } = await start(session, BLOCKED);
    await delegate.saw('1 tool-1 started');
    delegate.tools.release(null);
    const all = await Array.fromAsync(session.events(cellId));
    const want = all.map((_, at) => at + 1);
    assert.deepEqual(
      all.map(({ seq }) => seq),
      want,
    );
    const times = all.map(({ atMs }) => atMs);
    assert.deepEqual(times, times.toSorted());
    assert.ok(times.every((atMs) => atMs >= startedMs && atMs <= Date.now()));
    for (const after of [0, 1, 3]) {
      const rest = await Array.fromAsync(session.events(cellId, { after }));
      assert.deepEqual(rest, all.slice(after));
    }
  });

  it('go to waiting calls in the order of the calls', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const { cellId } = await start(session, BLOCKED);
    const events = session.events(cellId);
    const asked = Array.from({ length: 8 }, () => nextOf(events, 1));
    await delegate.saw('1 tool-1 started');
    delegate.tools.release(null);
    const all = (await Promise.all(asked)).flat();
    assert.deepEqual(all, [...BLOCKED_TELLS, ...GOES_ON_TELLS]);
  });
}

function leavingCases({ it, setUp }: SessionContract): void {
  it('continue after the number at which a reader left', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const { cellId } = await start(session, BLOCKED);
    let after = 0;
    for await (const { seq } of session.events(cellId)) {
      after = seq;
      break;
    }
    await assert.rejects(async () => {
      for await (const _ of session.events(cellId)) throw new Error('no more');
    }, /no more/);
    await delegate.saw('1 tool-1 started');
    delegate.tools.release(null);
    const words = await restOf(session.events(cellId, { after }));
    assert.deepEqual(words, [...BLOCKED_TELLS.slice(1), ...GOES_ON_TELLS]);
  });

  it('that are awaited end when the reader leaves', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const { cellId } = await start(session, BLOCKED);
    const events = session.events(cellId);
    await nextOf(events, 2);
    const waiting = [events.next(), events.next()];
    await events.return();
    for (const next of waiting) assert.equal((await next).done, true);
    assert.equal((await events.next()).done, true);
    delegate.tools.release(null);
    assert.deepEqual(await restOf(session.events(cellId, { after: 2 })), GOES_ON_TELLS);
  });

  it('end with the reason of the signal, and leave no listener behind', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const { cellId } = await start(session, BLOCKED);
    const [given, kept] = [new AbortController(), new AbortController()];
    const reason = new Error('enough');
    const events = session.events(cellId, given);
    await nextOf(events, 2);
    const waiting = events.next();
    given.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
    assert.equal((await events.next()).done, true);
    await assert.rejects(session.events(cellId, given).next(), (error) => error === reason);
    delegate.tools.release(null);
    const rest = await restOf(session.events(cellId, { after: 2, signal: kept.signal }));
    assert.deepEqual(rest, GOES_ON_TELLS);
    assertNoListeners(given.signal, kept.signal);
  });
}

function endCases({ it, setUp }: SessionContract): void {
  it('end with the termination', async () => {
    await using made = await setUp();
    const { session } = made;
    const { cellId } = await start(session, BLOCKED);
    const events = session.events(cellId);
    await nextOf(events, 2);
    const rest = restOf(events);
    await session.terminate(cellId);
    assert.deepEqual(await rest, ['terminating', 'tool-ended tool-1 (failed)', 'terminated']);
  });

  it('end with the session', async () => {
    await using made = await setUp();
    const { session, delegate } = made;
    const { cellId } = await start(session, BLOCKED);
    await delegate.saw('1 tool-1 started');
    const events = session.events(cellId);
    await nextOf(events, 2);
    const rest = restOf(events);
    await session.close();
    assert.equal((await rest).at(-1), 'terminated');
    assert.deepEqual(await restOf(session.events(cellId)), ['missing terminated']);
  });
}
