import assert from 'node:assert/strict';
import { brief, expectEvent, rejectsWith, textOf } from '../support/events.ts';
import { isSettled } from '../support/gates.ts';
import { assertNoListeners } from '../support/leaks.ts';
import { LONG, runAlone, type SessionContract, start } from './session-setup.ts';

const BLOCKED = `text('a'); await tools.block(); text('b')`;

/** One observer at a time, each piece of output once. */
export function observingCases(contract: SessionContract): void {
  const { describe, it, setUp, features } = contract;
  describe('observing', () => {
    it('continues after the program yielded', async () => {
      await using made = await setUp();
      const { cellId, first } = await start(made.session, `text('a'); yield_control(); text('b')`);
      assert.equal(brief(await first), 'yielded: a');
      assert.equal(brief(await made.session.observe(cellId, LONG)), 'completed: b');
    });

    it('ends after its time with the output so far', async () => {
      await using made = await setUp();
      const observe = { yieldAfterMs: 30 };
      const { cellId, first } = await start(made.session, BLOCKED, { observe });
      expectEvent(await first, 'yielded');
      expectEvent(await made.session.observe(cellId, observe), 'yielded');
      made.delegate.tools.release(null);
      expectEvent(await made.session.observe(cellId, LONG), 'completed');
    });

    it('for 0 ms answers at once, and the output comes the next time', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId, first } = await start(session, BLOCKED, { observe: { yieldAfterMs: 0 } });
      expectEvent(await first, 'yielded');
      await delegate.saw('1 tool-1 started');
      const shown = [await first, await session.observe(cellId, { yieldAfterMs: 0 })];
      assert.deepEqual(
        shown.flatMap(({ items }) => items.map(textOf)),
        ['a'],
      );
    });

    it('returns each piece of output once and in order, however it is split', async () => {
      await using made = await setUp();
      const source = `for (let n = 0; n < 200; n += 1) { text(n); if (n % 7 === 0) { yield_control(); await tools.echo(n) } }`;
      const { cellId, first } = await start(made.session, source, { observe: { yieldAfterMs: 1 } });
      const seen = [];
      let event = await first;
      for (let n = 0; event.type === 'yielded'; n += 1) {
        seen.push(...event.items);
        event = await made.session.observe(cellId, { yieldAfterMs: n % 3 });
      }
      seen.push(...expectEvent(event, 'completed').items);
      assert.deepEqual(
        seen.map(textOf),
        Array.from({ length: 200 }, (_, n) => String(n)),
      );
    });

    it('returns an unclaimed completion at once, whatever the time', async () => {
      await using made = await setUp();
      const { session } = made;
      for (const yieldAfterMs of [0, 60_000]) {
        const cellId = await runAlone(made, features, `text('b')`);
        assert.equal(brief(await session.observe(cellId, { yieldAfterMs })), 'completed: b');
      }
    });

    it('by a second caller is refused and does not displace the first', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId, first } = await start(session, BLOCKED);
      await delegate.saw('1 tool-1 started');
      await rejectsWith(session.observe(cellId, LONG), 'cell_busy');
      await assert.rejects(
        session.observe(cellId),
        /^CodeModeError: exec cell 1 already has an active observer$/,
      );
      delegate.tools.release(null);
      assert.equal(brief(await first), 'completed: a b');
    });

    it('refuses an invalid time, and starts nothing', async () => {
      await using made = await setUp();
      const { session } = made;
      for (const yieldAfterMs of [-1, Number.NaN, '5' as unknown as number]) {
        await rejectsWith(start(session, '', { observe: { yieldAfterMs } }), 'invalid_argument');
        await rejectsWith(session.observe('1', { yieldAfterMs }), 'invalid_argument');
      }
      assert.equal((await start(session, '')).cellId, '1');
    });
  });

  describe('aborting an observation', () => {
    it('rejects with the reason and loses no output', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const controller = new AbortController();
      const request = { source: BLOCKED, observe: LONG };
      const { cellId, first } = await session.execute(request, { signal: controller.signal });
      await delegate.saw('1 tool-1 started');
      const reason = new Error('no more time');
      controller.abort(reason);
      await assert.rejects(first, (error) => error === reason);
      assert.equal(delegate.signals[0]?.aborted, false);
      delegate.tools.release(null);
      assert.equal(brief(await session.observe(cellId, LONG)), 'completed: a b');
    });

    it('before the request starts nothing', async () => {
      await using made = await setUp();
      const { session } = made;
      const reason = new Error('too late');
      const executed = session.execute(
        { source: `text('never')` },
        { signal: AbortSignal.abort(reason) },
      );
      await assert.rejects(executed, (error) => error === reason);
      const { cellId, first } = await start(session, `text('a')`);
      assert.equal(cellId, '1');
      assert.equal(brief(await first), 'completed: a');
    });

    it('right after the request leaves the cell running and takes nothing', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const controller = new AbortController();
      const { signal } = controller;
      const executed = session.execute({ source: `text('a')` }, { signal });
      controller.abort(new Error('too late'));
      const { cellId, first } = await executed;
      await assert.rejects(first, /too late/);
      if (features.closedBeforeDelivery) await delegate.saw('1 closed');
      await assert.rejects(session.observe(cellId, LONG, { signal }), /too late/);
      assert.equal(brief(await session.observe(cellId, LONG)), 'completed: a');
    });

    it('makes room for another observer at once', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId, first } = await start(session, `yield_control(); ${BLOCKED}`);
      await first;
      const controller = new AbortController();
      const given = session.observe(cellId, LONG, { signal: controller.signal });
      await rejectsWith(session.observe(cellId, LONG), 'cell_busy');
      controller.abort(new Error('given up'));
      const next = session.observe(cellId, LONG);
      await assert.rejects(given, /given up/);
      await delegate.saw('1 tool-1 started');
      delegate.tools.release(null);
      assert.equal(brief(await next), 'completed: a b');
    });

    it('leaves no listener behind, aborted or not', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const [kept, given] = [new AbortController(), new AbortController()];
      const wait = { signal: kept.signal, preempt: kept.signal };
      const { cellId, first } = await session.execute(
        { source: `yield_control(); ${BLOCKED}` },
        wait,
      );
      await first;
      const gone = session.observe(cellId, LONG, { signal: given.signal, preempt: given.signal });
      given.abort();
      await gone.catch(() => {});
      await delegate.saw('1 tool-1 started');
      delegate.tools.release(null);
      await session.observe(cellId, LONG, wait);
      assertNoListeners(kept.signal, given.signal);
    });
  });

  describe('preempting an observation', () => {
    it('returns the output so far, and the cell continues', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const controller = new AbortController();
      const request = { source: BLOCKED, observe: LONG };
      const { cellId, first } = await session.execute(request, { preempt: controller.signal });
      await delegate.saw('1 tool-1 started');
      controller.abort();
      assert.equal(brief(await first), 'yielded: a');
      const again = session.observe(cellId, LONG, { preempt: controller.signal });
      assert.equal(brief(await again), 'yielded');
      delegate.tools.release(null);
      assert.equal(brief(await session.observe(cellId, LONG)), 'completed: b');
      assertNoListeners(controller.signal);
    });

    it('that has already ended does nothing', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const controller = new AbortController();
      const { cellId, first } = await session.execute(
        { source: `yield_control(); ${BLOCKED}`, observe: LONG },
        { preempt: controller.signal },
      );
      await first;
      const next = session.observe(cellId, LONG);
      controller.abort();
      assert.equal(await isSettled(next), false);
      await delegate.saw('1 tool-1 started');
      delegate.tools.release(null);
      assert.equal(brief(await next), 'completed: a b');
    });
  });

  missingCases(contract);
}

function missingCases({ describe, it, setUp, features }: SessionContract): void {
  describe('a missing cell', () => {
    it('is an event, not an error, for observe and for terminate', async () => {
      await using made = await setUp();
      const { session } = made;
      const message = 'exec cell nowhere not found';
      const want = { type: 'missing', cellId: 'nowhere', items: [], reason: 'unknown', message };
      assert.deepEqual(await session.observe('nowhere', LONG), want);
      assert.deepEqual(await session.terminate('nowhere'), want);
    });

    it('says that it was delivered or terminated', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const delivered = await start(session, '');
      await delivered.first;
      const terminated = await start(session, `await tools.block()`);
      await delegate.saw('2 tool-1 started');
      await session.terminate(terminated.cellId);
      for (const [cellId, reason] of [
        ['1', 'delivered'],
        ['2', 'terminated'],
        ['3', 'unknown'],
      ] as const) {
        const want = features.missingReasons ? reason : 'unknown';
        assert.equal(expectEvent(await session.observe(cellId), 'missing').reason, want);
        assert.equal(expectEvent(await session.terminate(cellId), 'missing').reason, want);
      }
    });
  });
}
