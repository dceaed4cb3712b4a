import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OutgoingCall, OutgoingCalls } from '../../../host/core/outgoing-calls.ts';
import { Cancelled, type CancelReason } from '../../../src/errors.ts';
import { awaitPassed } from '../../../src/runtime/passed-call.ts';
import { isSettled } from '../../support/gates.ts';
import { assertNoListeners } from '../../support/leaks.ts';

const NOTHING = { pending: 0, waiting: 0, cancelled: 0 };

type Call = OutgoingCall<string>;

function readAnswer(answer: string): string {
  if (answer === 'no') throw new Error('The tool said no');
  return `${answer}!`;
}

/** Calls to a client that is told which of them are cancelled. */
function callsTo(options: { readonly capacity: number; readonly answersCancelled: boolean }) {
  const sent: number[] = [];
  const told: [number, CancelReason][] = [];
  const calls = new OutgoingCalls<Call, string>(
    {
      send: (id) => void sent.push(id),
      cancel: (id, reason) => void told.push([id, reason]),
      drained: () => undefined,
    },
    options,
  );
  const make = (cellId: string, signal: AbortSignal) => {
    const call = { sessionId: 's', cellId, read: readAnswer };
    const answer = awaitPassed((passed) => calls.pass(call, passed), signal);
    answer.catch(() => {});
    return answer;
  };
  return { calls, make, sent, told };
}

/** Two calls of cell `1` and one of cell `2`, which a client has and never answers. */
function setUp(answersCancelled: boolean) {
  const { calls, make, told } = callsTo({ capacity: 1_024, answersCancelled });
  const controllers = [new AbortController(), new AbortController(), new AbortController()];
  const answers = controllers.map(({ signal }, n) => make(n < 2 ? '1' : '2', signal));
  const cancel = () => {
    for (const controller of controllers) controller.abort(new Cancelled('terminate'));
  };
  return { calls, answers, cancel, told, signals: controllers.map(({ signal }) => signal) };
}

describe('The calls of a host', () => {
  it('are answered as their reader says, once, and wait while the client has enough', async () => {
    const { calls, make, sent } = callsTo({ capacity: 2, answersCancelled: false });
    const { signal } = new AbortController();
    const answers = ['1', '1', '1'].map((cellId) => make(cellId, signal));
    assert.deepEqual(sent, [1, 2]);
    calls.answer(2, 'no');
    calls.answer(2, 'yes');
    assert.deepEqual(sent, [1, 2, 3]);
    calls.answer(1, 'yes');
    calls.answer(3, 'yes');
    await assert.rejects(answers[1]!, /The tool said no/);
    assert.deepEqual(await Promise.all([answers[0], answers[2]]), ['yes!', 'yes!']);
    assert.deepEqual(calls.counts, NOTHING);
    assertNoListeners(signal);
  });

  it('fail without being sent if they are cancelled before, or while they wait', async () => {
    const { calls, make, sent, told } = callsTo({ capacity: 1, answersCancelled: true });
    const controller = new AbortController();
    const waiting = [make('1', new AbortController().signal), make('1', controller.signal)];
    controller.abort(new Cancelled('terminate'));
    await assert.rejects(waiting[1]!, Cancelled);
    await assert.rejects(make('1', controller.signal), Cancelled);
    assert.deepEqual([sent, told], [[1], []]);
    assert.deepEqual(calls.counts, { pending: 1, waiting: 0, cancelled: 0 });
    assertNoListeners(controller.signal);
  });
});

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
