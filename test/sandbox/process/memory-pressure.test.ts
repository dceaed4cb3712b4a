import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FINE, isNear, type Pressure, press } from '../../../sandbox/process/memory-pressure.ts';

type SeenLook = readonly [usedBytes: number, nowMs: number, stopping?: boolean];

/** What is decided, look by look, with a limit of 1,600 bytes. */
function verdicts(...looks: readonly SeenLook[]) {
  let pressure: Pressure = FINE;
  return looks.map(([usedBytes, nowMs, stopping = false]) => {
    const [next, verdict] = press(pressure, { usedBytes, limitBytes: 1_600, nowMs, stopping });
    pressure = next;
    return verdict;
  });
}

describe('Memory pressure', () => {
  it('leaves alone what is within the limit', () => {
    assert.deepEqual(verdicts([0, 0], [1_600, 25], [1_599, 500]), ['leave', 'leave', 'leave']);
  });

  it('has the heaviest program picked at the first look over the limit', () => {
    assert.deepEqual(verdicts([1_601, 7]), ['pick']);
  });

  it('has the process ended at once where the limit is passed by a sixteenth', () => {
    assert.deepEqual(verdicts([1_700, 0]), ['pick']);
    assert.deepEqual(verdicts([1_701, 0]), ['end']);
    assert.deepEqual(verdicts([1_601, 0], [1_701, 5]), ['pick', 'end']);
  });

  it('waits for memory to be given back before it has the next picked', () => {
    const looks = verdicts([1_601, 0], [1_601, 39], [1_601, 40], [1_601, 79], [1_601, 80]);
    assert.deepEqual(looks, ['pick', 'leave', 'pick', 'leave', 'pick']);
  });

  it('has no other picked while one is being stopped, but does not wait for that', () => {
    const looks = verdicts([1_601, 0], [1_601, 50, true], [1_601, 90], [1_601, 300, true]);
    assert.deepEqual(looks, ['pick', 'leave', 'pick', 'end']);
  });

  it('waits as long for the memory of one that took long to stop', () => {
    const looks = verdicts([1_601, 0], [1_601, 30, true], [1_601, 60, true], [1_601, 99]);
    assert.deepEqual(looks, ['pick', 'leave', 'leave', 'leave']);
  });

  it('has the process ended where memory does not come down in 300 ms', () => {
    assert.deepEqual(verdicts([1_601, 0], [1_610, 299], [1_601, 300]), ['pick', 'pick', 'end']);
    assert.deepEqual(verdicts([1_601, 0], [1_601, 400]), ['pick', 'end']);
  });

  it('begins anew once memory came down', () => {
    const looks = verdicts([1_601, 0], [1_600, 90], [1_601, 110], [1_601, 409], [1_601, 410]);
    assert.deepEqual(looks, ['pick', 'leave', 'pick', 'pick', 'end']);
  });

  it('is near from three quarters of the limit on', () => {
    assert.deepEqual(
      [1_199, 1_200, 1_201, 9_999].map((bytes) => isNear(bytes, 1_600)),
      [false, false, true, true],
    );
  });
});
