import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seeLine } from '../../../../host/acp/lines/seen-line.ts';

function see(text: string) {
  const line = Buffer.from(text);
  const seen = seeLine(line);
  const span = 'params' in seen ? seen.params : 'result' in seen ? seen.result : undefined;
  return { ...seen, ...(span && { span: line.toString('utf8', span.start, span.end) }) };
}

describe('seeLine', () => {
  it('tells requests, notifications and answers apart, in any order of members', () => {
    const request = see('{"params":{"a":[1]},"id":"x","jsonrpc":"2.0","method":"m/n"}');
    assert.deepEqual([request.type, request.span], ['request', '{"a":[1]}']);
    assert.equal('id' in request && request.id, '"x"');
    assert.equal(see('{"method":"m"}').type, 'notification');
    const answer = see(' {"id":7,"result":null}\r');
    assert.deepEqual([answer.type, answer.span], ['answer', 'null']);
    const error = see('{"id":7,"error":{}}');
    assert.deepEqual([error.type, error.span], ['answer', undefined]);
  });

  it('has no opinion on anything else', () => {
    for (const text of [
      '',
      'no',
      '[{"id":1,"method":"m"}]',
      '{',
      '{"id":1}',
      '{"method":1}',
      '7',
    ]) {
      assert.equal(see(text).type, 'other', text);
    }
  });

  it('gives equal ids the same text, and unequal ones another', () => {
    const id = (text: string) => {
      const seen = see(`{"id":${text},"result":1}`);
      return seen.type === 'answer' ? seen.id : undefined;
    };
    assert.equal(id('1'), id('1.0'));
    assert.equal(id('"a"'), id('"\\u0061"'));
    assert.notEqual(id('1'), id('"1"'));
    assert.notEqual(id('9007199254740993'), id('9007199254740992'));
  });
});
