import assert from 'node:assert/strict';
import { brief, expectEvent, rejectsWith } from '../support/events.ts';
import { settled } from '../support/gates.ts';
import {
  firstOf,
  LONG,
  orderedLog,
  type SessionContract,
  start,
  untilClosed,
} from './session-setup.ts';

/** Somebody ends a program. */
export function terminatingCases({ describe, it, setUp, features }: SessionContract): void {
  describe('terminating', () => {
    it('stops a program that never stops by itself', async () => {
      await using made = await setUp();
      const { cellId, first } = await start(made.session, `text('a'); yield_control(); for (;;);`);
      assert.equal(brief(await first), 'yielded: a');
      assert.equal(brief(await made.session.terminate(cellId)), 'terminated');
    });

    it('answers the terminate and the observer alike', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId, first } = await start(session, `text('a'); await tools.block()`);
      await delegate.saw('1 tool-1 started');
      const event = await session.terminate(cellId);
      assert.equal(brief(event), 'terminated: a');
      assert.deepEqual(await first, event);
    });

    it('in the same tick as execute ends a program that has not started', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const started = start(session, `text('a'); await tools.echo(1)`);
      const event = await session.terminate('1');
      const { first } = await started;
      assert.deepEqual(await first, event);
      if (!features.terminateBeforeStart) return void expectEvent(event, 'terminated');
      assert.equal(brief(event), 'terminated');
      assert.deepEqual(delegate.log, ['1 closed']);
    });

    it('cancels the callbacks and lets them return before it answers', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId } = await start(session, `notify('block'); await tools.block()`);
      await delegate.saw('1 tool-1 started');
      await session.terminate(cellId);
      await untilClosed(delegate, features, '1');
      const log = orderedLog(delegate, '1', features);
      const begun = log.slice(0, 2);
      assert.deepEqual(features.callOrder ? begun : begun.toSorted(), [
        'note block started',
        'tool-1 started',
      ]);
      assert.deepEqual(log.slice(2).toSorted(), [
        'closed',
        'note block cancelled: terminate',
        ...(features.grace ? ['note block finished'] : []),
        'tool-1 cancelled: terminate',
        ...(features.grace ? ['tool-1 finished'] : []),
      ]);
      assert.equal(log.at(-1), 'closed');
    });

    it('answers even if no callback stops', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const source = `text('a'); for (let n = 0; n < 10; n += 1) { notify('stubborn ' + n); tools.stubborn() } await tools.never()`;
      const { cellId } = await start(session, source);
      await delegate.saw('1 tool-11 started');
      assert.equal(brief(await session.terminate(cellId)), 'terminated: a');
      await untilClosed(delegate, features, '1');
      assert.equal(delegate.log.at(-1), '1 closed');
    });

    it('runs none of the program afterwards', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const after = `text('after'); notify('after'); tools.echo('after')`;
      const source = `tools.block().finally(() => { ${after} }).catch(() => {});
        try { await tools.stubborn() } finally { ${after} }`;
      const { cellId } = await start(session, source);
      await delegate.saw('1 tool-2 started');
      const event = await session.terminate(cellId);
      await untilClosed(delegate, features, '1');
      const asked = () => [delegate.calls.length, delegate.notifications.length];
      const before = asked();
      delegate.tools.releaseAll(null);
      await settled();
      assert.deepEqual(asked(), before);
      if (!features.stopsAtTerminate) return void expectEvent(event, 'terminated');
      assert.equal(brief(event), 'terminated');
      assert.deepEqual(before, [2, 0]);
    });

    it('twice is refused while the first is pending, and finds nothing afterwards', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId } = await start(session, `await tools.stubborn()`);
      await delegate.saw('1 tool-1 started');
      const first = session.terminate(cellId);
      const second = session.terminate(cellId);
      if (features.grace) {
        await rejectsWith(second, 'cell_terminating');
        await assert.rejects(session.terminate(cellId), /exec cell 1 is already terminating/);
      } else {
        // The first may have ended before the second arrives.
        await second.then(
          (event) => expectEvent(event, 'missing'),
          () => rejectsWith(second, 'cell_terminating'),
        );
      }
      delegate.tools.release(null);
      assert.equal(brief(await first), 'terminated');
      expectEvent(await session.terminate(cellId), 'missing');
    });

    it('makes the cell missing for others while it is pending', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId } = await start(session, `await tools.stubborn()`);
      await delegate.saw('1 tool-1 started');
      const terminated = session.terminate(cellId);
      const { reason } = expectEvent(await session.observe(cellId, LONG), 'missing');
      if (features.missingReasons) assert.equal(reason, 'terminated');
      delegate.tools.release(null);
      await terminated;
    });

    it('is answered even if the observer stops waiting meanwhile', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const controller = new AbortController();
      const request = { source: `text('a'); await tools.stubborn()`, observe: LONG };
      const { cellId, first } = await session.execute(request, { signal: controller.signal });
      await delegate.saw('1 tool-1 started');
      const terminated = session.terminate(cellId);
      controller.abort(new Error('given up'));
      await assert.rejects(first, /given up/);
      delegate.tools.release(null);
      assert.equal(brief(await terminated), 'terminated: a');
    });

    it('drops what the program stored', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId } = await start(session, `store('key', 'value'); await tools.block()`);
      await delegate.saw('1 tool-1 started');
      assert.equal(brief(await session.terminate(cellId)), 'terminated');
      assert.equal(brief(await firstOf(session, `text(load('key'))`)), 'completed: undefined');
    });

    it('does not affect other cells', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId } = await start(session, `await tools.block()`);
      await delegate.saw('1 tool-1 started');
      delegate.onTool = async () => 'alive';
      const other = await start(session, `text(await tools.block())`);
      await session.terminate(cellId);
      assert.equal(brief(await other.first), 'completed: alive');
    });
  });

  describe('terminating while notifications are delivered', () => {
    it('cuts that short: terminated, the output kept, stored values dropped', {
      needs: ['endsAfterNotes'],
    }, async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const source = `text('a'); store('key', 1); notify('block')`;
      const { cellId, first } = await start(session, source);
      await delegate.saw('1 note block started');
      await settled();
      assert.equal(brief(await session.terminate(cellId)), 'terminated: a');
      assert.equal(brief(await first), 'terminated: a');
      await untilClosed(delegate, features, '1');
      assert.deepEqual(orderedLog(delegate, '1', features).slice(1), [
        'note block cancelled: terminate',
        ...(features.grace ? ['note block finished'] : []),
        'closed',
      ]);
      assert.equal(brief(await firstOf(session, `text(load('key'))`)), 'completed: undefined');
    });

    it('does not wait for a notification that does not stop', {
      needs: ['promptCalls', 'endsAfterNotes'],
    }, async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId } = await start(session, `notify('never'); tools.never()`);
      await delegate.saw('1 tool-1 started');
      await settled();
      assert.equal(brief(await session.terminate(cellId)), 'terminated');
      await untilClosed(delegate, features, '1');
      assert.equal(delegate.log.at(-1), '1 closed');
    });
  });
}
