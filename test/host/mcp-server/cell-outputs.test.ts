import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CellOutputs, outputKey } from '../../../host/mcp-server/cell-outputs.ts';
import type { OutputItem } from '../../../src/events.ts';

const text = (value: string): OutputItem => ({ type: 'input_text', text: value });
const image: OutputItem = { type: 'input_image', image_url: 'data:,', detail: 'high' };

describe('CellOutputs', () => {
  it('keeps what a cell wrote, piece by piece', () => {
    const outputs = new CellOutputs();
    outputs.add('s/1', [text('a'), image]);
    outputs.add('s/1', []);
    outputs.add('s/1', [text('b')]);
    assert.equal(outputs.whole('s/1'), 'a\n[input_image]\nb');
    assert.deepEqual(outputs.part('s/1', 16, 99), { text: 'b', from: 16, to: 17, total: 17 });
    assert.deepEqual(outputs.part('s/1', 99, 3), { text: '', from: 17, to: 17, total: 17 });
    assert.equal(outputs.part('s/2', 0, 1), undefined);
  });

  it('keeps the cells of sessions apart', () => {
    const outputs = new CellOutputs();
    outputs.add(outputKey('a', '1'), [text('x')]);
    outputs.add(outputKey('ab', '1'), [text('y')]);
    assert.deepEqual(outputs.keys(outputKey('a', '')), ['a/1']);
  });

  it('forgets the oldest of more than 64 cells', () => {
    const outputs = new CellOutputs();
    for (let id = 1; id <= 66; id += 1) outputs.add(`s/${id}`, [text(String(id))]);
    assert.equal(outputs.keys('s/').length, 64);
    assert.equal(outputs.whole('s/2'), undefined);
    assert.equal(outputs.whole('s/3'), '3');
  });

  it('forgets the oldest of more than 64 MiB', () => {
    const outputs = new CellOutputs();
    const half = 'x'.repeat(16 * 1024 * 1024);
    for (const id of ['1', '2', '3']) outputs.add(`s/${id}`, [text(half)]);
    assert.deepEqual(outputs.keys('s/'), ['s/2', 's/3']);
  });
});
