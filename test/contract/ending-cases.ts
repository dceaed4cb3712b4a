import assert from 'node:assert/strict';
import { brief, expectEvent } from '../support/events.ts';
import { isSettled, settled } from '../support/gates.ts';
import {
  firstOf,
  LONG,
  orderedLog,
  runAlone,
  type SessionContract,
  start,
  untilClosed,
} from './session-setup.ts';

/** A program ends by itself. */
export function endingCases({ describe, it, setUp, features }: SessionContract): void {
  describe('a program that ends', () => {
    it('has its notifications delivered before its completion is reported', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { first } = await start(session, `notify('block'); text('done')`);
      await delegate.saw('1 note block started');
      assert.equal(await isSettled(first), false);
      delegate.notes.release();
      assert.equal(brief(await first), 'completed: done');
      await untilClosed(delegate, features, '1');
      assert.deepEqual(delegate.log, ['1 note block started', '1 note block finished', '1 closed']);
    });

    it('is not affected by a failed notification', async () => {
      await using made = await setUp();
      made.delegate.onNotify = () => {
        throw new Error('nobody there');
      };
      const event = await firstOf(made.session, `notify('a'); text('done')`);
      assert.equal(brief(event), 'completed: done');
    });

    it('has the calls it did not await cancelled before its completion is reported', {
      needs: ['promptCalls'],
    }, async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { first } = await start(session, `tools.block().catch(() => {}); text('done')`);
      assert.equal(brief(await first), 'completed: done');
      await untilClosed(delegate, features, '1');
      assert.deepEqual(orderedLog(delegate, '1', features), [
        'tool-1 started',
        'tool-1 cancelled: completion',
        ...(features.grace ? ['tool-1 finished'] : []),
        'closed',
      ]);
    });

    it('does not wait for ever for a call that does not stop, and drops its result', {
      needs: ['promptCalls'],
    }, async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const event = await firstOf(session, `tools.stubborn(); text('done')`);
      assert.equal(brief(event), 'completed: done');
      delegate.tools.release('late');
      await settled();
      await untilClosed(delegate, features, '1');
      expectEvent(await session.observe('1'), 'missing');
      assert.deepEqual(delegate.log.toSorted(), [
        '1 closed',
        '1 tool-1 cancelled: completion',
        '1 tool-1 finished',
        '1 tool-1 started',
      ]);
    });

    it('is reported closed to the delegate once, whenever its completion is claimed', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const cellId = await runAlone(made, features, `await tools.echo(1); text('b')`);
      assert.equal(brief(await session.observe(cellId, LONG)), 'completed: b');
      await untilClosed(delegate, features, '1');
      assert.equal(delegate.logOf('1').at(-1), 'closed');
    });

    it('yields to its observer in time while its notifications are delivered', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const observe = { yieldAfterMs: 250 };
      const { cellId, first } = await start(session, `text('a'); notify('block')`, { observe });
      if (!features.yieldWhileDraining) {
        await delegate.saw('1 note block started');
        delegate.notes.release();
        return assert.equal(brief(await first), 'completed: a');
      }
      assert.equal(brief(await first), 'yielded: a');
      await delegate.saw('1 note block started');
      assert.equal(brief(await session.observe(cellId, observe)), 'yielded');
      delegate.notes.release();
      assert.equal(brief(await session.observe(cellId, LONG)), 'completed');
    });

    it('precedes a later terminate, which is answered with its completion', async () => {
      await using made = await setUp();
      const { session } = made;
      const cellId = await runAlone(made, features, `store('finished', true); text('done')`);
      assert.equal(brief(await session.terminate(cellId)), 'completed: done');
      expectEvent(await session.terminate(cellId), 'missing');
      assert.equal(brief(await firstOf(session, `text(load('finished'))`)), 'completed: true');
    });
  });

  describe('cellClosed', () => {
    it('is called once for each cell, and last, however the cell ended', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const talk = `tools.block().catch(() => {}); notify('a'); await tools.echo(1);`;
      await firstOf(session, `${talk} text('well')`);
      await firstOf(session, `${talk} throw new Error('badly')`);
      await firstOf(session, `${talk} exit()`);
      await firstOf(session, `let = ;`);
      const stopped = await start(session, `${talk} await tools.never()`);
      await delegate.saw('5 tool-3 started');
      await session.terminate(stopped.cellId);
      const left = await start(session, `${talk} await tools.block()`);
      await delegate.saw('6 tool-3 started');
      await session.close();
      await left.first;
      await untilClosed(delegate, features, '1', '2', '3', '4', '5', '6');
      for (const cellId of ['1', '2', '3', '4', '5', '6']) {
        const log = orderedLog(delegate, cellId, features);
        assert.equal(log.at(-1), 'closed', `cell ${cellId}`);
        assert.equal(log.filter((entry) => entry === 'closed').length, 1);
      }
    });

    it('comes after callbacks that were slow to stop', {
      needs: ['grace', 'promptCalls'],
    }, async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      delegate.onTool = async (_call, signal) => {
        await delegate.tools.wait(signal).catch(() => {});
        await settled();
      };
      const { first } = await start(session, `tools.block(); text('done')`);
      await first;
      assert.deepEqual(delegate.log.slice(-2), ['1 tool-1 finished', '1 closed']);
    });
  });
}
