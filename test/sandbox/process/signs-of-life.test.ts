import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ListeningClock } from '../../../sandbox/process/listening-clock.ts';
import { SignsOfLife } from '../../../sandbox/process/signs-of-life.ts';

const LIMITS = { startMs: 500, stopMs: 100, hangMs: 300 };

/** Those of a process that has answered once. */
function started(): SignsOfLife {
  const signs = new SignsOfLife(LIMITS);
  signs.asked();
  signs.answered();
  return signs;
}

describe('SignsOfLife', () => {
  it('expects nothing of a process that was asked for nothing', () => {
    assert.equal(new SignsOfLife(LIMITS).pass(10_000), null);
  });

  it('gives one that has not answered yet more time', () => {
    const signs = new SignsOfLife(LIMITS);
    signs.asked();
    assert.deepEqual([signs.pass(500), signs.started], [null, false]);
    assert.equal(signs.pass(1), 'silent');
    assert.equal(signs.answered(), true);
    assert.equal(signs.started, true);
  });

  it('finds one silent that does not answer in time', () => {
    const signs = started();
    signs.asked();
    assert.equal(signs.pass(300), null);
    assert.equal(signs.pass(1), 'silent');
  });

  it('counts from the first question, and anew after an answer', () => {
    const signs = started();
    signs.asked();
    signs.pass(200);
    signs.asked();
    assert.equal(signs.pass(100), null);
    signs.answered();
    assert.equal(signs.pass(300), null);
    signs.answered();
    assert.equal(signs.pass(10_000), null);
    signs.asked();
    assert.equal(signs.pass(300), null);
  });

  it('knows whether there was a question', () => {
    const signs = new SignsOfLife(LIMITS);
    assert.deepEqual([signs.answered(), signs.started], [false, false]);
    signs.asked();
    assert.deepEqual([signs.answered(), signs.answered()], [true, false]);
  });

  it('finds one stuck where a program it was told to stop does not, each with a time of its own', () => {
    const signs = started();
    signs.killed(1);
    assert.equal(signs.pass(60), null);
    signs.killed(2);
    assert.equal(signs.pass(40), null);
    assert.ok(signs.stopped(1));
    assert.equal(signs.pass(60), null);
    assert.equal(signs.stopping, 1);
    assert.equal(signs.pass(1), 'stuck');
  });

  it('knows which programs it was told to stop', () => {
    const signs = new SignsOfLife(LIMITS);
    signs.killed(1);
    assert.deepEqual([signs.stopped(2), signs.stopped(1), signs.stopped(1)], [false, true, false]);
    assert.equal(signs.stopping, 0);
  });

  it('gives a program that it will be told to stop all the time until then', () => {
    const signs = started();
    signs.condemned(1);
    assert.deepEqual([signs.stopping, signs.isStopping(1), signs.isTold(1)], [1, true, false]);
    assert.equal(signs.pass(10_000), null);
    assert.equal(signs.stopped(1), false);
    signs.killed(1);
    assert.equal(signs.isTold(1), true);
    assert.equal(signs.pass(100), null);
    assert.equal(signs.pass(1), 'stuck');
  });

  it('expects nothing of one that is over', () => {
    const signs = new SignsOfLife(LIMITS);
    signs.asked();
    signs.killed(1);
    signs.clear();
    assert.deepEqual([signs.pass(10_000), signs.stopping], [null, 0]);
  });
});

describe('ListeningClock', () => {
  it('counts the time from look to look', () => {
    const clock = new ListeningClock(50);
    clock.restart(1_000);
    assert.deepEqual([clock.look(1_025), clock.look(1_055), clock.nowMs], [25, 30, 55]);
  });

  it('lets a look that comes very late count as one that is a little late', () => {
    const clock = new ListeningClock(50);
    clock.restart(1_000);
    assert.deepEqual([clock.look(9_000), clock.look(9_001), clock.nowMs], [50, 1, 51]);
  });

  it('does not count the time in which nobody was meant to look', () => {
    const clock = new ListeningClock(50);
    clock.restart(0);
    clock.look(20);
    clock.restart(60_000);
    assert.deepEqual([clock.look(60_025), clock.nowMs], [25, 45]);
  });
});
