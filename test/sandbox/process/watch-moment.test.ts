import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { WatchMoment } from '../../../sandbox/process/watch-moment.ts';

/** Its time passes when the test says so. */
function setUp(t: TestContext, after: number, isAble = false) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let started = 0;
  const moment = new WatchMoment(after, isAble, () => {
    started += 1;
  });
  const deliver = (times: number) => {
    for (let n = 0; n < times; n += 1) moment.delivered();
  };
  return { deliver, pass: (ms: number) => t.mock.timers.tick(ms), started: () => started };
}

describe('The moment at which a sandbox process starts to watch itself', () => {
  it('comes when nothing was delivered for 2 ms, after enough was', (t) => {
    const { deliver, pass, started } = setUp(t, 8);
    deliver(7);
    pass(1_000);
    assert.equal(started(), 0);
    deliver(1);
    pass(1);
    deliver(1);
    pass(1);
    deliver(1);
    pass(2);
    assert.equal(started(), 0);
    pass(2);
    assert.equal(started(), 1);
  });

  it('comes after twelve more where deliveries never rest', (t) => {
    const { deliver, started } = setUp(t, 8);
    deliver(19);
    assert.equal(started(), 0);
    deliver(1);
    assert.equal(started(), 1);
  });

  it('comes only when they have rested for 250 ms if nothing is quicker with it', (t) => {
    const { deliver, pass, started } = setUp(t, 8, true);
    deliver(7);
    pass(1_000);
    deliver(1_000);
    for (let n = 0; n < 20; n += 1) {
      pass(249);
      deliver(1);
    }
    assert.equal(started(), 0);
    pass(250);
    pass(250);
    assert.equal(started(), 1);
  });

  it('comes once', (t) => {
    const { deliver, pass, started } = setUp(t, 1);
    deliver(13);
    pass(1_000);
    deliver(100);
    pass(1_000);
    assert.equal(started(), 1);
  });
});
