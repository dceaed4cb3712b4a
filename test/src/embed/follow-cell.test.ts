import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { followCell } from '../../../src/embed/follow-cell.ts';
import { settled } from '../../support/gates.ts';
import { ScriptedSession } from '../../support/scripted-session.ts';

const NEVER = new AbortController().signal;

describe('followCell', () => {
  it('does not observe the cell again before its output was taken', async () => {
    const session = new ScriptedSession().yields('a').completes();
    const written = Promise.withResolvers<void>();
    const ended = followCell(session, { source: '' }, { take: () => written.promise }, NEVER);
    await settled();
    assert.equal(session.modes.length, 1);
    written.resolve();
    assert.equal((await ended).type, 'completed');
    assert.equal(session.modes.length, 2);
  });

  it('terminates the cell and fails with what its follower threw', async () => {
    const session = new ScriptedSession().yields('a');
    const take = () => Promise.reject(new Error('no space left'));
    await assert.rejects(followCell(session, { source: '' }, { take }, NEVER), /no space left/);
    assert.equal(session.terminations, 1);
  });
});
