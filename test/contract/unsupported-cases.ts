import assert from 'node:assert/strict';
import { brief, rejectsWith } from '../support/events.ts';
import { firstOf, PENDING, type SessionContract, start } from './session-setup.ts';

/** What cannot be done is refused by name, and nothing is started or changed. */
export function unsupportedCases({ describe, it, setUp }: SessionContract): void {
  describe('what an older host cannot do', () => {
    it('is refused for frontiers, and starts nothing', { lacks: ['pendingObserve'] }, async () => {
      await using made = await setUp();
      const { session } = made;
      await rejectsWith(start(session, '', { observe: PENDING }), 'unsupported');
      await rejectsWith(session.observe('1', PENDING), 'unsupported');
      await rejectsWith(session.resume('1', 1), 'unsupported');
      assert.equal((await start(session, '')).cellId, '1');
    });

    it('is refused for lists', { lacks: ['lists'] }, async () => {
      await using made = await setUp();
      await rejectsWith(made.session.cells(), 'unsupported');
      await rejectsWith(made.session.values(), 'unsupported');
      assert.equal(brief(await firstOf(made.session, `text('on')`)), 'completed: on');
    });

    it('is refused for live events', { lacks: ['liveEvents'] }, async () => {
      await using made = await setUp();
      await rejectsWith(made.session.events('1').next(), 'unsupported');
    });

    it('is refused for limits', { lacks: ['limits'] }, async () => {
      await rejectsWith(setUp({ maxLiveCells: 1 }), 'unsupported');
    });
  });
}
