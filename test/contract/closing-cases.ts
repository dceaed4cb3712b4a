import assert from 'node:assert/strict';
import { brief, expectEvent, rejectsWith } from '../support/events.ts';
import { settled } from '../support/gates.ts';
import {
  firstOf,
  LONG,
  orderedLog,
  runAlone,
  type SessionContract,
  start,
} from './session-setup.ts';

/** A session ends. */
export function closingCases({ describe, it, setUp, features }: SessionContract): void {
  describe('closing a session', () => {
    it('without cells completes at once, also twice', async () => {
      await using made = await setUp();
      await Promise.all([made.session.close(), made.session.close()]);
      await made.session.close();
      await made.session[Symbol.asyncDispose]();
    });

    it('refuses programs from then on', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      await start(session, `await tools.block()`);
      await delegate.saw('1 tool-1 started');
      const closed = session.close();
      await rejectsWith(start(session, ''), 'session_closed');
      await closed;
      await rejectsWith(start(session, ''), 'session_closed');
      await assert.rejects(start(session, ''), /code mode session is shutting down/);
    });

    it('terminates every cell and answers waiting callers', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const one = await start(session, `text('a'); await tools.block()`);
      const two = await start(session, `text('b'); notify('block'); await tools.block()`);
      await Promise.all([delegate.saw('1 tool-1 started'), delegate.saw('2 tool-1 started')]);
      await session.close();
      assert.deepEqual(
        [brief(await one.first), brief(await two.first)],
        features.outputAtClose ? ['terminated: a', 'terminated: b'] : ['terminated', 'terminated'],
      );
      assert.ok(delegate.log.includes('1 tool-1 cancelled: shutdown'));
      assert.ok(delegate.log.includes('2 note block cancelled: shutdown'));
      assert.deepEqual(
        ['1', '2'].map((cellId) => orderedLog(delegate, cellId, features).at(-1)),
        ['closed', 'closed'],
      );
    });

    it('stops programs that never stop by themselves', async () => {
      await using made = await setUp();
      const { first } = await start(made.session, `yield_control(); for (;;);`);
      expectEvent(await first, 'yielded');
      await made.session.close();
      assert.deepEqual(made.delegate.log, ['1 closed']);
    });

    it('cuts short the delivery of notifications', { needs: ['endsAfterNotes'] }, async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { first } = await start(session, `text('a'); notify('block')`);
      await delegate.saw('1 note block started');
      await settled();
      await session.close();
      assert.equal(brief(await first), 'terminated: a');
      assert.deepEqual(orderedLog(delegate, '1', features).slice(1), [
        'note block cancelled: shutdown',
        ...(features.grace ? ['note block finished'] : []),
        'closed',
      ]);
    });

    it('drops unclaimed completions', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const cellId = await runAlone(made, features, `text('b')`);
      await session.close();
      expectEvent(await session.observe(cellId, LONG), 'missing');
      assert.deepEqual(delegate.logOf(cellId), ['closed']);
    });

    it('waits for a pending terminate', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId } = await start(session, `await tools.stubborn()`);
      await delegate.saw('1 tool-1 started');
      const terminated = session.terminate(cellId);
      const closed = session.close();
      delegate.tools.release(null);
      await closed;
      assert.equal(orderedLog(delegate, '1', features).at(-1), 'closed');
      assert.equal(brief(await terminated), 'terminated');
    });

    it('of a hundred cells whose callbacks do not stop takes one deadline', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const source = `notify('never'); tools.never(); await tools.never()`;
      const cells = await Promise.all(Array.from({ length: 100 }, () => start(session, source)));
      await Promise.all(cells.map(({ cellId }) => delegate.saw(`${cellId} tool-2 started`)));
      const begun = performance.now();
      await session.close();
      // One after the other they would take ten seconds.
      assert.ok(performance.now() - begun < 3_000);
      assert.equal(delegate.log.filter((entry) => entry.endsWith(' closed')).length, 100);
    });

    it('does not affect another session', async () => {
      await using one = await setUp();
      await using two = await setUp();
      const { first } = await start(two.session, `text(await tools.block())`);
      await two.delegate.saw('1 tool-1 started');
      await start(one.session, `for (;;);`);
      await one.session.close();
      two.delegate.tools.release('alive');
      assert.equal(brief(await first), 'completed: alive');
      assert.equal(brief(await firstOf(two.session, `text('still')`)), 'completed: still');
    });
  });
}
