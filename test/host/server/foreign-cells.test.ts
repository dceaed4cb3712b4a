import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Host } from '../../../host/server/host.ts';
import { type Delegate, ToolCall } from '../../../src/delegate.ts';
import type { CellEvent } from '../../../src/events.ts';
import type { StartedCell } from '../../../src/session.ts';
import { ScriptedSession } from '../../support/scripted-session.ts';
import { connectWithSession } from '../../support/v1-peer.ts';

const ENDED: CellEvent = {
  type: 'completed',
  cellId: 'own',
  items: [],
  failure: null,
  notes: [],
};
const NEVER = new AbortController().signal;

/** A client of a session that runs elsewhere, and the delegate which that asks. */
async function setUp(...capabilities: readonly string[]) {
  const asked = Promise.withResolvers<Delegate>();
  const session = new ScriptedSession();
  const host = new Host({
    open: async ({ delegate }) => {
      asked.resolve(delegate);
      return session;
    },
  });
  const { peer } = await connectWithSession(host, ...capabilities);
  return { peer, session, delegate: await asked.promise };
}

function toolOf(cellId: string): ToolCall {
  const toolName = { name: 't', namespace: null };
  return new ToolCall({
    cellId,
    callId: 'tool-1',
    tool: 't',
    toolName,
    kind: 'function',
    inputJson: '1',
  });
}

describe('A cell that the owner of the session has started', () => {
  it('gets its requests answered, although the client did not start it', async () => {
    const { peer, delegate } = await setUp('cellhost.cells');
    const called = delegate.invokeTool(toolOf('foreign'), NEVER);
    const noted = delegate.notify({ cellId: 'foreign', callId: null, text: 'n' }, NEVER);
    for (const value of [
      { type: 'tool/result', result: 'done' },
      { type: 'notification/delivered' },
    ]) {
      const { id } = await peer.nextOf('delegate/request');
      peer.respond(id, value);
    }
    await Promise.all([called, noted]);
    await peer.close();
  });

  it('gets them answered even if a cell that the client starts meanwhile is refused', async () => {
    const { peer, session, delegate } = await setUp('cellhost.cells');
    const starting = Promise.withResolvers<StartedCell>();
    const begun = Promise.withResolvers<void>();
    session.execute = () => {
      begun.resolve();
      return starting.promise;
    };
    const execute = peer.execute('');
    await begun.promise;
    const called = delegate.invokeTool(toolOf('foreign'), NEVER);
    called.catch(() => {});
    starting.reject(new Error('no room'));
    assert.equal(await peer.answer(execute), 'no room');
    // Whether it is done or fails: it does not wait for ever.
    const isAsked = peer.nextOf('delegate/request').then(({ id }) => {
      peer.respond(id, { type: 'tool/result', result: null });
    });
    await Promise.race([isAsked, called.catch(() => {})]);
    isAsked.catch(() => {});
    await peer.close();
  });

  it('is reported closed once, as soon as it is known to be foreign', async () => {
    const { peer, session, delegate } = await setUp('cellhost.cells');
    delegate.cellClosed?.('first');
    assert.equal((await peer.nextOf('cell/closed')).cellId, 'first');
    const starting = Promise.withResolvers<StartedCell>();
    const begun = Promise.withResolvers<void>();
    session.execute = () => {
      begun.resolve();
      return starting.promise;
    };
    const execute = peer.execute('');
    await begun.promise;
    delegate.cellClosed?.('second');
    delegate.cellClosed?.('own');
    starting.resolve({ cellId: 'own', first: Promise.resolve(ENDED) });
    assert.deepEqual(await peer.answer(execute), { type: 'execution/started', cellId: 'own' });
    const closed = [await peer.nextOf('cell/closed'), await peer.nextOf('cell/closed')];
    assert.deepEqual(closed.map(({ cellId }) => cellId).sort(), ['own', 'second']);
    await peer.close();
    assert.equal(peer.received.filter(({ type }) => type === 'cell/closed').length, 3);
  });

  it('is reported closed once, even if the owner of the session repeats it', async () => {
    const { peer, session, delegate } = await setUp('cellhost.cells');
    session.completes();
    await peer.initial(peer.execute(''));
    for (let n = 0; n < 2; n += 1) {
      delegate.cellClosed?.('foreign');
      delegate.cellClosed?.('1');
    }
    await peer.answer(peer.request('session/shutdown'));
    delegate.cellClosed?.('later');
    await peer.close();
    const closed = peer.received.filter(({ type }) => type === 'cell/closed');
    assert.deepEqual(closed.map(({ cellId }) => cellId).sort(), ['1', 'foreign']);
  });

  it('is not reported to a client of version 1, for which an unknown cell is a fault', async () => {
    const { peer, session, delegate } = await setUp();
    session.completes();
    delegate.cellClosed?.('foreign');
    await peer.initial(peer.execute(''));
    delegate.cellClosed?.('1');
    assert.equal((await peer.nextOf('cell/closed')).cellId, '1');
    await peer.answer(peer.request('session/shutdown'));
    await peer.close();
    assert.equal(peer.received.filter(({ type }) => type === 'cell/closed').length, 1);
  });
});
