import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFailure, toModelContent } from '../../../src/describe/to-model-content.ts';
import type { CellEvent, CellFailure, OutputItem } from '../../../src/events.ts';

const text = (value: string): OutputItem => ({ type: 'input_text', text: value });
const image: OutputItem = { type: 'input_image', image_url: 'data:,x', detail: 'high' };

function completed(
  items: readonly OutputItem[],
  failure: CellFailure | null = null,
  notes: readonly string[] = [],
): CellEvent {
  return { type: 'completed', cellId: '7', items, failure, notes };
}

const running: CellEvent = { type: 'yielded', cellId: '7', items: [text('so far')] };
const missing = (reason: 'unknown' | 'delivered'): CellEvent => ({
  type: 'missing',
  cellId: '7',
  items: [],
  reason,
  message: 'exec cell 7 not found',
});

describe('toModelContent', () => {
  it('puts a header in front of the output', () => {
    assert.deepEqual(toModelContent(completed([text('a'), image]), { tookMs: 1249 }), [
      text('Script completed\nWall time 1.2 seconds\nOutput:\n'),
      text('a'),
      image,
    ]);
  });

  it('keeps the output of a failed program, with notes and the error behind it', () => {
    const event = completed([text('a')], { kind: 'exception', text: 'Error: no' }, ['unhandled']);
    assert.deepEqual(toModelContent(event), [
      text('Script failed\nOutput:\n'),
      text('a'),
      text('Note: unhandled'),
      text('Script error:\nError: no'),
    ]);
    assert.equal(isFailure(event), true);
    assert.equal(isFailure(running), false);
  });

  it('names eight of the calls that a running program waits for', () => {
    const pendingCalls = Array.from({ length: 9 }, (_, at) => ({
      callId: `tool-${at + 1}`,
      tool: 'slow',
    }));
    const [header] = toModelContent(running, { pendingCalls });
    assert.deepEqual(
      header,
      text(
        `Script running with cell ID 7\nWaiting for: ${pendingCalls
          .slice(0, 8)
          .map(({ callId }) => `slow (${callId})`)
          .join(', ')} and 1 more\nOutput:\n`,
      ),
    );
    assert.deepEqual(
      toModelContent(completed([]), { pendingCalls })[0],
      text('Script completed\nOutput:\n'),
    );
  });

  it('says in the header what was cut, and keeps head and tail', () => {
    const value = `${'a'.repeat(400)}${'b'.repeat(400)}`;
    const [header, shown, ...rest] = toModelContent(completed([text(value)]), {
      maxTokens: 10,
      readMore: 'read on',
      remarks: ['Server x is missing'],
    });
    assert.deepEqual(
      header,
      text(
        'Script completed\nServer x is missing\nOutput cut: 200 tokens were written, the budget is 10; read on\nOutput:\n',
      ),
    );
    assert.ok(shown?.type === 'input_text');
    assert.match(shown.text, /a{20}…190 tokens truncated…b{20}$/);
    assert.deepEqual(rest, []);
  });

  it('does not speak of a cut where all fits, also beside an image', () => {
    const items = [text('a'.repeat(40)), image];
    const [fits] = toModelContent(completed(items), { maxTokens: 10 });
    const [cut] = toModelContent(completed(items), { maxTokens: 9 });
    assert.deepEqual(fits, text('Script completed\nOutput:\n'));
    assert.match(
      (cut as { text: string }).text,
      /Output cut: 10 tokens were written, the budget is 9\n/,
    );
  });

  it('says why a cell is missing', () => {
    assert.deepEqual(toModelContent(missing('delivered')), [
      text('Script failed\nOutput:\n'),
      text('Script error:\nexec cell 7 not found: its result was delivered before'),
    ]);
    assert.equal(isFailure(missing('unknown')), true);
  });
});
