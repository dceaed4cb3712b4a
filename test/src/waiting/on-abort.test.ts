import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onAbort } from '../../../src/waiting/on-abort.ts';
import { assertNoListeners } from '../../support/leaks.ts';

describe('onAbort', () => {
  it('calls the listener when the signal aborts, once', () => {
    const controller = new AbortController();
    let calls = 0;
    onAbort(controller.signal, () => {
      calls += 1;
    });
    assert.equal(calls, 0);
    controller.abort();
    controller.abort();
    assert.equal(calls, 1);
  });

  it('leaves no listener behind once it is unlinked', () => {
    const { signal } = new AbortController();
    const unlink = onAbort(signal, () => assert.fail('called'));
    assert.throws(() => assertNoListeners(signal));
    unlink();
    unlink();
    assertNoListeners(signal);
  });

  it('never calls the listener of a signal that has aborted, or of none', () => {
    const fail = () => assert.fail('called');
    onAbort(AbortSignal.abort(), fail)();
    onAbort(undefined, fail)();
  });
});
