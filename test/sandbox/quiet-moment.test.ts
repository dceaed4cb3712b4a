import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { QuietMoment } from '../../sandbox/quiet-moment.ts';

/** A quiet moment of 100 ms, waited for a second at most, on a clock of the test. */
function quietMoment(t: TestContext, isQuiet: () => boolean = () => true) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  const doneAt: number[] = [];
  const options = { quietMs: 100, withinMs: 1_000, isQuiet, now: () => nowMs };
  const moment = new QuietMoment(() => doneAt.push(nowMs), options);
  const pass = (ms: number) => {
    for (let n = 0; n < ms; n += 1) {
      nowMs += 1;
      t.mock.timers.tick(1);
    }
  };
  return { moment, pass, doneAt };
}

describe('QuietMoment', () => {
  it('comes when nothing happened for a while, once', (t) => {
    const { moment, pass, doneAt } = quietMoment(t);
    moment.await();
    pass(60);
    moment.await();
    pass(60);
    assert.deepEqual(doneAt, []);
    pass(2_000);
    assert.deepEqual(doneAt, [160]);
  });

  it('is not waited for longer than it may be', (t) => {
    const { moment, pass, doneAt } = quietMoment(t);
    for (let n = 0; n < 150; n += 1) {
      moment.await();
      pass(10);
    }
    assert.deepEqual(doneAt, [1_090]);
  });

  it('does not come before it is quiet, and is asked each time', (t) => {
    const answers = [false, false, true, false];
    const { moment, pass, doneAt } = quietMoment(t, () => answers.shift() === true);
    moment.await();
    pass(2_000);
    assert.deepEqual(doneAt, [300]);
    assert.deepEqual(answers, [false]);
  });

  it('comes in time if it never is quiet', (t) => {
    const { moment, pass, doneAt } = quietMoment(t, () => false);
    moment.await();
    pass(3_000);
    moment.await();
    pass(50);
    moment.await();
    pass(3_000);
    assert.deepEqual(doneAt, [1_000, 4_050]);
  });

  it('may be waited for without end, without asking the clock', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let [done, isQuiet] = [0, false];
    const act = () => {
      done += 1;
    };
    const now = () => assert.fail('there is no time by which it must come');
    const moment = new QuietMoment(act, { quietMs: 100, isQuiet: () => isQuiet, now });
    for (let n = 0; n < 1_000; n += 1) {
      moment.await();
      t.mock.timers.tick(150);
    }
    assert.equal(done, 0);
    isQuiet = true;
    t.mock.timers.tick(100);
    assert.equal(done, 1);
  });

  it('can be waited for again, with all its time', (t) => {
    const { moment, pass, doneAt } = quietMoment(t);
    moment.await();
    pass(1_500);
    moment.await();
    pass(50);
    moment.await();
    pass(1_000);
    assert.deepEqual(doneAt, [100, 1_650]);
  });

  it('does not come where it was cancelled', (t) => {
    const { moment, pass, doneAt } = quietMoment(t);
    moment.await();
    moment.cancel();
    pass(2_000);
    assert.deepEqual(doneAt, []);
  });
});
