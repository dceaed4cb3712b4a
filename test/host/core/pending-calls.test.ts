import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PendingCalls } from '../../../host/core/pending-calls.ts';

function setup() {
  const calls = new PendingCalls<string>();
  const told: string[] = [];
  const open = (name: string) =>
    calls.open({
      answered: (answer) => void told.push(`${name} answered ${answer}`),
      failed: (error) => void told.push(`${name} failed ${error.message}`),
    });
  return { calls, told, open };
}

describe('PendingCalls', () => {
  it('counts ids from 1 and never repeats one', () => {
    const { calls, open } = setup();
    assert.equal(open('a'), 1);
    calls.settle(1, 'x');
    assert.equal(open('b'), 2);
    calls.drop(2);
    assert.equal(open('c'), 3);
    assert.equal(calls.size, 1);
  });

  it('passes each answer to the call with its id, in place', () => {
    const { calls, told, open } = setup();
    open('a');
    open('b');
    assert.equal(calls.settle(2, 'two'), true);
    assert.deepEqual(told, ['b answered two']);
    assert.equal(calls.settle(1, 'one'), true);
    assert.deepEqual(told, ['b answered two', 'a answered one']);
    assert.equal(calls.size, 0);
  });

  it('settles a call once', () => {
    const { calls, told, open } = setup();
    open('a');
    calls.settle(1, 'first');
    assert.equal(calls.settle(1, 'second'), false);
    calls.failAll(new Error('gone'));
    assert.deepEqual(told, ['a answered first']);
  });

  it('ignores an answer that no call waits for', () => {
    const { calls, told, open } = setup();
    open('a');
    assert.equal(calls.settle(7, 'x'), false);
    assert.deepEqual(told, []);
    assert.equal(calls.size, 1);
  });

  it('forgets a call that is dropped', () => {
    const { calls, told, open } = setup();
    open('a');
    assert.equal(calls.drop(1), true);
    assert.equal(calls.drop(1), false);
    assert.equal(calls.settle(1, 'late'), false);
    calls.failAll(new Error('gone'));
    assert.deepEqual(told, []);
  });

  it('fails every call for the first reason, and later ones at once', () => {
    const { calls, told, open } = setup();
    open('a');
    open('b');
    calls.failAll(new Error('first'));
    assert.equal(calls.size, 0);
    calls.failAll(new Error('second'));
    assert.equal(open('c'), 3);
    assert.deepEqual(told, ['a failed first', 'b failed first', 'c failed first']);
    assert.equal(calls.settle(3, 'x'), false);
    assert.equal(calls.size, 0);
  });

  it('fails a call that is opened while the others fail', () => {
    const { calls, told, open } = setup();
    calls.open({ answered: () => {}, failed: () => void open('inner') });
    calls.failAll(new Error('gone'));
    assert.deepEqual(told, ['inner failed gone']);
    assert.equal(calls.size, 0);
  });

  it('lets an answer open the next call', () => {
    const { calls, told, open } = setup();
    calls.open({ answered: () => void open('next'), failed: () => {} });
    calls.settle(1, 'x');
    assert.equal(calls.size, 1);
    calls.settle(2, 'y');
    assert.deepEqual(told, ['next answered y']);
  });
});
