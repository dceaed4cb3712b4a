import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OutgoingCall, OutgoingCalls } from '../../../host/core/outgoing-calls.ts';
import { Cancelled, type CancelReason } from '../../../src/errors.ts';
import { LeanSignal } from '../../../src/runtime/lean-signal.ts';
import { isSettled } from '../../support/gates.ts';
import { assertNoListeners } from '../../support/leaks.ts';

const NOTHING = { pending: 0, waiting: 0, cancelled: 0 };

/** Two calls of cell `1` and one of cell `2`, which a client has and never answers. */
function setUp(answersCancelled: boolean) {
  const told: [number, CancelReason][] = [];
  const outlet = {
    send: () => undefined,
    cancel: (id: number, reason: CancelReason) => void told.push([id, reason]),
    drained: () => undefined,
  };
  const options = { capacity: 1_024, answersCancelled };
  const calls = new OutgoingCalls<OutgoingCall, string>(outlet, options);
  const abortable = new AbortController();
  const controllers = [abortable, new LeanSignal(), new LeanSignal()];
  const answers = controllers.map(({ signal }, n) => {
    const answer = calls.make({ sessionId: 's', cellId: n < 2 ? '1' : '2' }, signal);
    answer.catch(() => {});
    return answer;
  });
  const cancel = () => {
    for (const controller of controllers) controller.abort(new Cancelled('terminate'));
  };
  return { calls, answers, cancel, told, signals: [abortable.signal] };
}

describe('The calls that a host has cancelled', () => {
  it('are kept until their cell has ended, and no longer', async () => {
    const { calls, answers, cancel, told, signals } = setUp(true);
    cancel();
    assert.deepEqual(
      told,
      [1, 2, 3].map((id) => [id, 'terminate']),
    );
    assert.equal(await isSettled(Promise.race(answers)), false);
    assert.deepEqual(calls.counts, { pending: 3, waiting: 0, cancelled: 3 });
    calls.endCell('s', '1');
    assert.deepEqual(calls.counts, { pending: 1, waiting: 0, cancelled: 1 });
    await assert.rejects(answers[0]!, Cancelled);
    await assert.rejects(answers[1]!, Cancelled);
    calls.endCell('s', '2');
    assert.deepEqual(calls.counts, NOTHING);
    await assert.rejects(answers[2]!, Cancelled);
    assertNoListeners(...signals);
  });

  it('are not kept if the client does not answer them', async () => {
    const { calls, answers, cancel, told, signals } = setUp(false);
    cancel();
    assert.equal(told.length, 3);
    assert.deepEqual(calls.counts, NOTHING);
    for (const answer of answers) await assert.rejects(answer, Cancelled);
    assertNoListeners(...signals);
  });

  it('are not kept when the client is gone', async () => {
    const { calls, answers, cancel, signals } = setUp(true);
    cancel();
    calls.failAll(new Error('gone'));
    assert.deepEqual(calls.counts, NOTHING);
    for (const answer of answers) await assert.rejects(answer, /gone/);
    assertNoListeners(...signals);
  });
});
