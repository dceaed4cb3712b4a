import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readClientMessage } from '../../../host/wire/protocol.ts';
import { isToolResult } from '../../../host/wire/tool-result-message.ts';

function message(id: number, result: unknown) {
  const value = { type: 'tool/result', result };
  return { type: 'delegate/response', id, result: { status: 'ok', value } };
}

describe('isToolResult', () => {
  it('accepts results of every kind, unchanged', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.jsonValue(), (id, result) => {
        const sent = JSON.parse(JSON.stringify(message(id, result)));
        assert.equal(isToolResult(sent), true);
        assert.equal(readClientMessage(sent), sent);
      }),
    );
  });

  it('accepts nothing that the schema would refuse or change', () => {
    const good = message(1, null);
    const { result } = good;
    const { value } = result;
    const others: unknown[] = [
      null,
      [],
      'delegate/response',
      { ...good, more: 1 },
      { ...good, id: 1.5 },
      { ...good, id: '1' },
      { type: good.type, id: 1 },
      { ...good, type: 'operation/cancel' },
      { ...good, result: null },
      { ...good, result: { ...result, status: 'error' } },
      { ...good, result: { ...result, more: 1 } },
      { ...good, result: { ...result, value: [1, 2] } },
      { ...good, result: { ...result, value: { ...value, more: 1 } } },
      { ...good, result: { ...result, value: { type: 'tool/result', results: 1 } } },
      { ...good, result: { ...result, value: { type: 'notification/delivered' } } },
    ];
    for (const other of others) assert.equal(isToolResult(other), false, JSON.stringify(other));
  });
});
