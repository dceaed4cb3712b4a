import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RemoteCell } from '../../../host/remote/remote-cell.ts';
import type { CellEvent, OutputItem } from '../../../src/events.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';

const a: OutputItem = { type: 'input_text', text: 'a' };
const pending = (generation: number): CellEvent => ({
  type: 'pending',
  cellId: '1',
  items: [],
  generation,
  pendingCalls: [],
});

describe('RemoteCell', () => {
  it('has output of an aborted wait with a frontier, each time, and not with the next one', async () => {
    const cell = new RemoteCell(new ScriptedDelegate());
    cell.abandon(Promise.resolve({ type: 'yielded', cellId: '1', items: [a] }));
    await cell.settled;
    assert.deepEqual(cell.complete(pending(1)).items, [a]);
    assert.deepEqual(cell.complete(pending(1)).items, [a]);
    assert.deepEqual(cell.complete(pending(2)).items, []);
  });
});
