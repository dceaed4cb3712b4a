import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KillPace } from '../../../sandbox/process/kill-pace.ts';

const AT_ONCE = 16;
const STEP_MS = 4;

describe('KillPace', () => {
  it('kills few programs at once, and each of many within a millisecond for each', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const pace = new KillPace();
    const killed: number[] = [];
    for (let n = 0; n < 300; n += 1) pace.add(() => killed.push(n));
    assert.equal(killed.length, AT_ONCE);
    for (let passedMs = 0; passedMs < 300; passedMs += STEP_MS) {
      const before: number = killed.length;
      t.mock.timers.tick(STEP_MS);
      assert.ok(killed.length - before <= STEP_MS);
    }
    assert.deepEqual(
      killed,
      Array.from({ length: 300 }, (_, n) => n),
    );
  });

  it('has room for as many again after a while', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const pace = new KillPace();
    let killed = 0;
    for (let round = 1; round <= 3; round += 1) {
      for (let n = 0; n < AT_ONCE; n += 1) pace.add(() => (killed += 1));
      assert.equal(killed, round * AT_ONCE);
      t.mock.timers.tick(AT_ONCE * STEP_MS);
    }
  });
});
