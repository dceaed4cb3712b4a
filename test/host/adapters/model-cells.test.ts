import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ModelCells } from '../../../host/adapters/model-cells.ts';
import { textOf } from '../../support/events.ts';
import { settled } from '../../support/gates.ts';
import { ScriptedSession } from '../../support/scripted-session.ts';

const { signal } = new AbortController();

function setUp() {
  const session = new ScriptedSession();
  return { session, cells: new ModelCells(() => session) };
}

describe('ModelCells', () => {
  it('shows a notification that came before the wait at once, and once', async () => {
    const { session, cells } = setUp();
    cells.notify('1', 'news');
    const [header] = await cells.wait({ cell_id: '1' }, signal);
    assert.match(textOf(header!), /Notification: news/);
    const waited = cells.wait({ cell_id: '1' }, signal);
    await settled();
    session.completes();
    const [next] = await waited;
    assert.doesNotMatch(textOf(next!), /Notification/);
  });

  it('keeps the latest 128 notifications of a cell', async () => {
    const { cells } = setUp();
    for (let n = 1; n <= 129; n += 1) cells.notify('1', `n${n}.`);
    const [header] = await cells.wait({ cell_id: '1' }, signal);
    assert.equal(textOf(header!).match(/Notification/g)?.length, 128);
    assert.doesNotMatch(textOf(header!), /n1\./);
  });

  it('starts nothing for a generation that is aborted already', async () => {
    const { session, cells } = setUp();
    const reason = new Error('enough');
    await assert.rejects(cells.exec({ source: '1' }, AbortSignal.abort(reason)), reason);
    assert.equal(session.requests.length, 0);
  });

  it('terminates the cell of an aborted wait, and shows all of its output', async () => {
    const { session, cells } = setUp();
    session.yields('a');
    const items = await cells.wait({ cell_id: '1' }, AbortSignal.abort());
    assert.deepEqual(items.slice(1).map(textOf), ['a', 'last words']);
    assert.equal(session.terminations, 1);
  });
});
