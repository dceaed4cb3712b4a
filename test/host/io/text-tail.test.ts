import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TextTail } from '../../../host/io/text-tail.ts';

describe('TextTail', () => {
  it('is the whole of a short text, without its last line break', () => {
    const tail = new TextTail(20);
    tail.push('one\n');
    tail.push('two\n');
    assert.equal(tail.toString(), 'one\ntwo');
  });

  it('is the whole lines at the end of a long text', () => {
    const tail = new TextTail(10);
    tail.push('one\ntwo\nthree\n');
    assert.equal(tail.toString(), 'three');
    tail.push('four\n');
    assert.equal(tail.toString(), 'four');
  });

  it('is the end of one long line', () => {
    const tail = new TextTail(4);
    tail.push('abcdefgh');
    assert.equal(tail.toString(), 'efgh');
  });
});
