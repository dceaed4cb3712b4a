import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ForwardedSession } from '../../../host/core/forwarded-session.ts';
import type { CellEvent } from '../../../src/events.ts';
import type { Session } from '../../../src/session.ts';
import { brief } from '../../support/events.ts';
import { isSettled } from '../../support/gates.ts';
import { restOf } from '../../support/live-events.ts';
import { ScriptedSession } from '../../support/scripted-session.ts';

function setUp(target: (session: ScriptedSession) => Session | Promise<Session>) {
  const scripted = new ScriptedSession();
  const seen: string[] = [];
  const session = new ForwardedSession(target(scripted), {
    request: (request) => ({ ...request, callId: 'added' }),
    started: (cellId) => seen.push(`started ${cellId}`),
    answered: (event: CellEvent) => seen.push(brief(event)),
    close: async () => void seen.push('closed'),
  });
  return { scripted, session, seen };
}

describe('ForwardedSession', () => {
  for (const [kind, target] of [
    ['a session', (session: Session) => session],
    ['a session that is opening', (session: Session) => Promise.resolve(session)],
  ] as const) {
    it(`calls its hooks with what passes to and from ${kind}`, async () => {
      const { scripted, session, seen } = setUp(target);
      scripted.yields('a').yields('b');
      const { cellId, first } = await session.execute({ source: 'x' });
      await first;
      await session.observe(cellId);
      await session.terminate(cellId);
      await session.close();
      assert.deepEqual(scripted.requests, [{ source: 'x', callId: 'added' }]);
      assert.deepEqual(seen, [
        'started 1',
        'yielded: a',
        'yielded: b',
        'terminated: last words',
        'closed',
      ]);
      assert.equal(scripted.isClosed, false);
      assert.equal(await session.resume('1', 1), 'missing');
      assert.deepEqual(await session.cells(), []);
      assert.deepEqual(await session.values(), new Map());
      assert.deepEqual(await restOf(session.events('1')), ['missing unknown']);
    });
  }

  it('holds requests for a session that is opening', async () => {
    const opening = Promise.withResolvers<Session>();
    const { scripted, session } = setUp(() => opening.promise);
    const asked = session.values();
    assert.equal(await isSettled(asked), false);
    opening.resolve(scripted);
    assert.deepEqual(await asked, new Map());
  });
});
