import assert from 'node:assert/strict';
import type { Session } from '../../src/session.ts';
import { settled } from '../support/gates.ts';
import { LONG, PENDING, type SessionContract, start } from './session-setup.ts';

async function phases(session: Session): Promise<readonly string[]> {
  const cells = await session.cells();
  return cells.map(({ cellId, phase }) => `${cellId} ${phase}`);
}

/** What `cells` lists. */
export function listingCases({ describe, it, setUp }: SessionContract): void {
  describe('the list of cells', { needs: ['lists'] }, () => {
    it('has every cell whose end was not delivered, oldest first', {
      needs: ['lists', 'pendingObserve'],
    }, async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      assert.deepEqual(await session.cells(), []);
      await start(session, `await tools.block()`);
      await (await start(session, `await tools.block()`, { observe: PENDING })).first;
      await (await start(session, `notify('block'); yield_control()`)).first;
      await (await start(session, `yield_control()`)).first;
      await (await start(session, '')).first;
      await Promise.all([delegate.saw('1 tool-1 started'), delegate.saw('3 note block started')]);
      await delegate.saw('4 closed');
      await settled();
      const want = ['1 running', '2 held', '3 draining', '4 completed'];
      assert.deepEqual(await phases(session), want);
      await session.observe('4', LONG);
      assert.deepEqual(await phases(session), want.slice(0, 3));
    });

    it('reports what a cell waits for, and whether it has an observer', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const source = `text('12345'); notify('block'); await tools.block()`;
      const { cellId } = await start(session, source);
      await delegate.saw('1 tool-1 started');
      const [cell] = await session.cells();
      assert.ok(cell !== undefined && cell.ageMs >= 0);
      const { ageMs: _, ...rest } = cell;
      assert.deepEqual(rest, {
        cellId,
        phase: 'running',
        observed: true,
        pendingOutput: 5,
        pendingCalls: [{ callId: 'tool-1', tool: 'block' }],
        pendingNotifications: 1,
      });
    });

    it('shows a cell without an observer as such', async () => {
      await using made = await setUp();
      const { session } = made;
      const { first } = await start(session, `text('a'); yield_control(); await tools.never()`);
      await first;
      const [cell] = await session.cells();
      assert.deepEqual([cell?.observed, cell?.pendingOutput], [false, 0]);
    });

    it('shows a cell that is being terminated, until it has ended', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const { cellId } = await start(session, `await tools.never()`);
      await delegate.saw('1 tool-1 started');
      const terminated = session.terminate(cellId);
      assert.deepEqual(await phases(session), ['1 terminating']);
      await terminated;
      assert.deepEqual(await session.cells(), []);
    });
  });
}
