import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DelegateCalls } from '../../../host/server/delegate-calls.ts';
import { memoryTransports } from '../../../host/transports/memory-transport.ts';
import { Connection } from '../../../host/wire/connection.ts';
import { Cancelled } from '../../../src/errors.ts';
import { isSettled } from '../../support/gates.ts';
import { assertNoListeners } from '../../support/leaks.ts';

const NOTHING = { pending: 0, waiting: 0, cancelled: 0 };

/** Two calls of cell `1` and one of cell `2`, which a client has and never answers. */
function setUp(own: boolean) {
  const [here] = memoryTransports();
  const connection = new Connection(here);
  connection.start({ message: () => {}, closed: () => {} });
  const calls = new DelegateCalls(connection, 1_024, own);
  const controllers = [new AbortController(), new AbortController(), new AbortController()];
  const answers = controllers.map(({ signal }, n) => {
    const asking = { sessionId: '"s"', cellId: n < 2 ? '1' : '2', request: '{}' };
    const answer = calls.ask(asking, signal);
    answer.catch(() => {});
    return answer;
  });
  const cancel = () => {
    for (const controller of controllers) controller.abort(new Cancelled('terminate'));
  };
  return { calls, answers, cancel, signals: controllers.map(({ signal }) => signal) };
}

describe('The calls that a host has cancelled', () => {
  it('are kept until their cell has ended, and no longer', async () => {
    const { calls, answers, cancel, signals } = setUp(true);
    cancel();
    assert.equal(await isSettled(Promise.race(answers)), false);
    assert.deepEqual(calls.counts, { pending: 3, waiting: 0, cancelled: 3 });
    calls.endCell('"s"', '1');
    assert.deepEqual(calls.counts, { pending: 1, waiting: 0, cancelled: 1 });
    await assert.rejects(answers[0]!, Cancelled);
    await assert.rejects(answers[1]!, Cancelled);
    calls.endCell('"s"', '2');
    assert.deepEqual(calls.counts, NOTHING);
    await assert.rejects(answers[2]!, Cancelled);
    assertNoListeners(...signals);
  });

  it('are not kept where the client speaks version 1 alone', async () => {
    const { calls, answers, cancel, signals } = setUp(false);
    cancel();
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
