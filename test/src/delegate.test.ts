import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ToolCall } from '../../src/delegate.ts';

const MAX_VALUES = 500_000;

function callOf(inputJson: string | undefined): ToolCall {
  const toolName = { name: 'echo', namespace: null };
  const fields = { cellId: '1', callId: 'tool-1', tool: 'echo', toolName, inputJson };
  return new ToolCall({ ...fields, kind: 'function' });
}

describe('The argument of a call', () => {
  it('is parsed when it is read', () => {
    assert.deepEqual(callOf('{"a":[1,"two"]}').input, { a: [1, 'two'] });
    assert.equal(callOf(undefined).input, undefined);
  });

  it('is read with as many values as may be, and with any number of characters', () => {
    const most = Array(MAX_VALUES - 1).fill(1);
    assert.deepEqual(callOf(JSON.stringify(most)).input, most);
    const text = '[{,\\"'.repeat(400_000);
    assert.deepEqual(callOf(JSON.stringify([text, { [text]: text }])).input, [
      text,
      { [text]: text },
    ]);
  });

  for (const [what, json] of [
    ['an array', JSON.stringify(Array(MAX_VALUES).fill(1))],
    ['arrays in arrays', `[${'[[]],'.repeat(MAX_VALUES / 2)}1]`],
    ['objects', `[${'{"a":{}},'.repeat(MAX_VALUES / 2)}1]`],
    ['properties', `{${'"a":1,'.repeat(MAX_VALUES)}"b":1}`],
  ] as const) {
    it(`is not read if it has too many values, in ${what}`, () => {
      const call = callOf(json);
      assert.throws(() => call.input, {
        code: 'limit_exceeded',
        message: 'Cannot read the argument of echo: it has more than 500000 values',
      });
      assert.equal(call.inputJson, json);
    });
  }
});
