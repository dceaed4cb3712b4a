import assert from 'node:assert/strict';
import { beforeEach, describe, it, mock } from 'node:test';
import { GuestTimers } from '../../../sandbox/isolate/guest-timers.ts';

describe('GuestTimers', () => {
  let fired: number[] = [];
  let timers = new GuestTimers(() => {});

  beforeEach((t) => {
    mock.timers.reset();
    mock.timers.enable({ apis: ['setTimeout'] });
    fired = [];
    timers = new GuestTimers((id) => fired.push(id));
    assert.ok(t);
  });

  it('tells each timer once, when its time has come', () => {
    timers.set(1, 20);
    timers.set(2, 10);
    mock.timers.tick(9);
    assert.deepEqual(fired, []);
    mock.timers.tick(1);
    assert.deepEqual(fired, [2]);
    mock.timers.tick(1_000);
    assert.deepEqual(fired, [2, 1]);
  });

  it('does not tell a timer that was cleared, and takes unknown ids lightly', () => {
    timers.set(1, 10);
    timers.set(2, 10);
    timers.clear(1);
    timers.clear(1);
    timers.clear(99);
    mock.timers.tick(10);
    assert.deepEqual(fired, [2]);
    timers.clear(2);
  });

  it('tells none after all were cleared, and can be used again', () => {
    for (const id of [1, 2, 3]) timers.set(id, id);
    mock.timers.tick(1);
    timers.clearAll();
    timers.clearAll();
    mock.timers.tick(100);
    assert.deepEqual(fired, [1]);
    timers.set(4, 1);
    mock.timers.tick(1);
    assert.deepEqual(fired, [1, 4]);
  });

  it('takes delays that are none for no delay', () => {
    for (const [id, delayMs] of [Number.NaN, -1, -Infinity].entries()) timers.set(id, delayMs);
    mock.timers.tick(1);
    assert.deepEqual(fired, [0, 1, 2]);
  });

  it('waits as long as it can where the delay is longer than that', () => {
    for (const [id, delayMs] of [2 ** 31 - 1, 2 ** 31, 2 ** 53].entries()) timers.set(id, delayMs);
    mock.timers.tick(2 ** 31 - 2);
    assert.deepEqual(fired, []);
    mock.timers.tick(1);
    assert.deepEqual(fired, [0, 1, 2]);
  });
});
