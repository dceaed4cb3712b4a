import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { CodeModeError } from '../../../src/errors.ts';
import { type CallerReply, Callers } from '../../../src/runtime/callers.ts';
import { assertNoListeners, assertNoTimersLeft } from '../../support/leaks.ts';

function setup() {
  const callers = new Callers({ hold() {}, drop() {} });
  const told: unknown[] = [];
  const admit = (yieldMs?: number) =>
    callers.admit(
      (reply: CallerReply) => told.push(reply),
      (error) => told.push(error.code),
      yieldMs,
    );
  return { callers, told, admit };
}

function fakeClock(t: TestContext): void {
  t.mock.timers.enable({ apis: ['setTimeout'] });
}

describe('Callers', () => {
  it('answers each caller once, by its own id', () => {
    const { callers, told, admit } = setup();
    const [first, second] = [admit(), admit()];
    assert.notEqual(first, second);
    callers.resolve(second, 'resumed');
    callers.resolve(second, 'missing');
    callers.reject(second, new CodeModeError('cell_busy', ''));
    callers.resolve(first, 'missing');
    assert.deepEqual(told, ['resumed', 'missing']);
  });

  it('refuses a caller once', () => {
    const { callers, told, admit } = setup();
    const id = admit();
    callers.reject(id, new CodeModeError('cell_busy', ''));
    callers.resolve(id, 'missing');
    assert.deepEqual(told, ['cell_busy']);
  });

  it('does not answer a caller that stopped waiting, or an unknown one', () => {
    const { callers, told, admit } = setup();
    const id = admit();
    callers.forget(id);
    callers.resolve(id, 'missing');
    callers.resolve(99, 'missing');
    callers.arm(99, () => told.push('elapsed'));
    callers.link(99, AbortSignal.abort(), () => told.push('preempted'));
    assert.deepEqual(told, []);
  });

  it('wakes a caller after its time, not before', (t) => {
    fakeClock(t);
    const { callers, told, admit } = setup();
    callers.arm(admit(50), () => told.push('elapsed'));
    t.mock.timers.tick(49);
    assert.deepEqual(told, []);
    t.mock.timers.tick(1);
    assert.deepEqual(told, ['elapsed']);
  });

  it('counts the time from the latest arming', (t) => {
    fakeClock(t);
    const { callers, told, admit } = setup();
    const id = admit(50);
    callers.arm(id, () => told.push('first'));
    t.mock.timers.tick(49);
    callers.arm(id, () => told.push('second'));
    t.mock.timers.tick(49);
    assert.deepEqual(told, []);
    t.mock.timers.tick(1);
    assert.deepEqual(told, ['second']);
  });

  it('wakes a caller at once if its time is 0', () => {
    const { callers, told, admit } = setup();
    callers.arm(admit(0), () => told.push('elapsed'));
    assert.deepEqual(told, ['elapsed']);
  });

  it('does not wake a caller without a time limit', async () => {
    const { callers, told, admit } = setup();
    await assertNoTimersLeft(async () => callers.arm(admit(), () => told.push('elapsed')));
  });

  it('does not treat a time that is too long for a timer as 0', (t) => {
    fakeClock(t);
    const { callers, told, admit } = setup();
    callers.arm(admit(2 ** 40), () => told.push('elapsed'));
    t.mock.timers.tick(1_000_000);
    assert.deepEqual(told, []);
  });

  it('leaves neither a timer nor a listener after an answer', async () => {
    const { callers, admit } = setup();
    const { signal } = new AbortController();
    await assertNoTimersLeft(async () => {
      for (const end of [
        (id: number) => callers.resolve(id, 'missing'),
        (id: number) => callers.reject(id, new CodeModeError('cell_busy', '')),
        (id: number) => callers.forget(id),
      ]) {
        const id = admit(60_000);
        callers.arm(id, () => {});
        callers.link(id, signal, () => {});
        end(id);
      }
    });
    assertNoListeners(signal);
  });

  it('preempts when the signal aborts, and at once if it already has', () => {
    const { callers, told, admit } = setup();
    const controller = new AbortController();
    callers.link(admit(), controller.signal, () => told.push('later'));
    assert.equal(told.length, 0);
    controller.abort();
    callers.link(admit(), controller.signal, () => told.push('at once'));
    assert.deepEqual(told, ['later', 'at once']);
  });
});
