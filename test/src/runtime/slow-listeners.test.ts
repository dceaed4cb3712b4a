import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { settled } from '../../support/gates.ts';
import { scriptedCallbacks } from '../../support/scripted-callbacks.ts';

const LISTENER_MS = 4;

/** Callbacks of a tool whose abort listeners block this thread for 4 ms each, by a clock that only they move. */
async function setup(
  t: TestContext,
  calls: number,
  answers: (signal: AbortSignal, callId: string) => Promise<unknown>,
) {
  await settled();
  let nowMs = 1_000;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => nowMs);
  const aborted: string[] = [];
  const signals: AbortSignal[] = [];
  const scripted = scriptedCallbacks(({ callId }, signal) => {
    signals.push(signal);
    signal.addEventListener('abort', () => {
      nowMs += LISTENER_MS;
      aborted.push(callId);
    });
    return answers(signal, callId);
  });
  for (let n = 0; n < calls; n += 1) void scripted.call('any');
  return { ...scripted, aborted, signals };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)));

const toolsUpTo = (last: number) => Array.from({ length: last }, (_, n) => `tool-${n + 1}`);

describe('Callbacks whose abort listeners are slow', () => {
  it('are aborted in order, in several turns of the event loop', async (t) => {
    const { callbacks, aborted, counts } = await setup(t, 40, untilAborted);
    const cancelled = callbacks.cancel('terminate');
    assert.equal(aborted.length, 32);
    assert.equal(callbacks.idle, false);
    await cancelled;
    assert.deepEqual(aborted, toolsUpTo(40));
    assert.deepEqual(counts, { abandoned: 0, late: 0 });
  });

  it('have all been aborted when their cell ends, even if the grace period is over before', async (t) => {
    const { callbacks, signals, counts } = await setup(t, 150, () => new Promise(() => {}));
    const cancelled = callbacks.cancel('terminate');
    t.mock.timers.tick(100);
    await cancelled;
    assert.deepEqual(new Set(signals.map((signal) => signal.aborted)), new Set([true]));
    assert.deepEqual(counts, { abandoned: 150, late: 0 });
  });

  it('are not aborted any more if they return before their turn', async (t) => {
    const gate = Promise.withResolvers<unknown>();
    const { callbacks, aborted, signals } = await setup(t, 40, (signal, callId) =>
      callId === 'tool-40' ? gate.promise : untilAborted(signal),
    );
    const cancelled = callbacks.cancel('terminate');
    gate.resolve('in time');
    await cancelled;
    assert.deepEqual(aborted, toolsUpTo(39));
    assert.equal(signals.at(-1)?.aborted, false);
  });

  it('that ended are no longer listed as pending while others are awaited', async (t) => {
    const { callbacks } = await setup(t, 33, untilAborted);
    const cancelled = callbacks.cancel('terminate');
    for (let n = 0; n < 200; n += 1) await Promise.resolve();
    assert.deepEqual(callbacks.pendingCalls, [{ callId: 'tool-33', tool: 'any' }]);
    await cancelled;
  });
});
