import assert from 'node:assert/strict';
import { brief } from '../support/events.ts';
import { firstOf, runAlone, type SessionContract, start } from './session-setup.ts';

/** What cells store for one another. */
export function valueCases({ describe, it, setUp, features }: SessionContract): void {
  describe('stored values', () => {
    it('reach the next cell of the session, and no other session', async () => {
      await using one = await setUp();
      await using two = await setUp();
      assert.equal(brief(await firstOf(one.session, `store('key', { v: 'here' })`)), 'completed');
      const read = `text(load('key')?.v)`;
      assert.equal(brief(await firstOf(one.session, read)), 'completed: here');
      assert.equal(brief(await firstOf(two.session, read)), 'completed: undefined');
    });

    it('are seen as they were when the cell started', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const early = await start(session, `await tools.block(); text(load('key'))`);
      await delegate.saw('1 tool-1 started');
      await firstOf(session, `store('key', 1)`);
      delegate.tools.release(null);
      assert.equal(brief(await early.first), 'completed: undefined');
    });

    it('of two cells at once are both kept; of one key the cell that ends last wins', async () => {
      await using made = await setUp();
      const { session, delegate } = made;
      const slow = await start(
        session,
        `store('both', 'slow'); store('slow', 1); await tools.block()`,
      );
      await delegate.saw('1 tool-1 started');
      await firstOf(session, `store('both', 'quick'); store('quick', 2)`);
      delegate.tools.release(null);
      await slow.first;
      const read = `text([load('both'), load('slow'), load('quick')])`;
      assert.equal(brief(await firstOf(session, read)), 'completed: ["slow",1,2]');
    });

    it('of a cell that failed are kept', async () => {
      await using made = await setUp();
      await firstOf(made.session, `store('key', 1); throw new Error('boom')`);
      assert.equal(brief(await firstOf(made.session, `text(load('key'))`)), 'completed: 1');
    });

    it('are available to the next cell as soon as the completion is reported, or the cell is closed', async () => {
      await using made = await setUp();
      const { session } = made;
      await runAlone(made, features, `store('key', 1)`);
      assert.equal(brief(await firstOf(session, `text(load('key'))`)), 'completed: 1');
    });
  });
}
