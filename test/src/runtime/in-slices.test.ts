import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { inSlices } from '../../../src/runtime/in-slices.ts';
import { settled } from '../../support/gates.ts';

/** A new turn, with a clock on which nothing takes time but steps, and the log of what has happened. */
async function setup(t: TestContext) {
  await settled();
  let nowMs = 1_000;
  t.mock.method(performance, 'now', () => nowMs);
  const log: string[] = [];
  const steps = (name: string, count: number, eachMs: number) => {
    let done = 0;
    return () => {
      if (done === count) return false;
      done += 1;
      nowMs += eachMs;
      log.push(`${name}${done}`);
      return true;
    };
  };
  return { log, steps };
}

describe('Work in slices', () => {
  it('is done in place if it is quick', async (t) => {
    const { log, steps } = await setup(t);
    assert.equal(inSlices(steps('a', 100, 0)), null);
    assert.equal(log.length, 100);
    assert.equal(inSlices(steps('b', 0, 0)), null);
  });

  it('is done in place if it has few steps, however long they take', async (t) => {
    const { steps } = await setup(t);
    assert.equal(inSlices(steps('a', 31, 100)), null);
  });

  it('is done in place if it has few steps, however busy the machine is', async (t) => {
    const { steps } = await setup(t);
    let nowMs = 1_000;
    t.mock.method(performance, 'now', () => {
      nowMs += 100;
      return nowMs;
    });
    assert.equal(inSlices(steps('a', 31, 0)), null);
  });

  it('lets the event loop turn when it has many steps that take long', async (t) => {
    const { log, steps } = await setup(t);
    const over = inSlices(steps('a', 70, 4));
    setImmediate(() => log.push('turn'));
    assert.equal(log.length, 32);
    await over;
    assert.equal(log.indexOf('turn'), 64);
    assert.equal(log.length, 71);
  });

  it('pauses after a few milliseconds, whatever the number of steps', async (t) => {
    const { log, steps } = await setup(t);
    assert.equal(inSlices(steps('quick', 40, 0)), null);
    const over = inSlices(steps('slow', 30, 3));
    assert.equal(log.at(-1), 'slow23');
    await over;
    assert.equal(log.length, 70);
  });

  it('shares the time of a turn with other work, and is done first come, first served', async (t) => {
    const { log, steps } = await setup(t);
    const first = inSlices(steps('a', 40, 4));
    const second = inSlices(steps('b', 1, 4));
    assert.equal(log.length, 32);
    await second;
    assert.deepEqual(log.slice(38), ['a39', 'a40', 'b1']);
    await first;
  });

  it('waits for the work in whose step it began', async (t) => {
    const { log, steps } = await setup(t);
    let inner: Promise<void> | null = null;
    const outer = steps('a', 2, 0);
    const whole = inSlices(() => {
      inner ??= inSlices(steps('b', 1, 0));
      return outer();
    });
    assert.equal(whole, null);
    assert.deepEqual(log, ['a1', 'a2', 'b1']);
    await inner;
  });

  it('has the time and the steps of a whole turn again in the next one', async (t) => {
    const { log, steps } = await setup(t);
    await inSlices(steps('a', 40, 4));
    await settled();
    const over = inSlices(steps('b', 40, 4));
    assert.equal(log.at(-1), 'b32');
    await over;
  });

  it('is all done, once and in order, whatever it takes', async (t) => {
    const work = fc.record({ count: fc.nat({ max: 70 }), eachMs: fc.nat({ max: 9 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(work, { maxLength: 5 }), async (works) => {
        const { log, steps } = await setup(t);
        await Promise.all(
          works.map(({ count, eachMs }, n) => inSlices(steps(`${n} `, count, eachMs))),
        );
        t.mock.restoreAll();
        const all = works.flatMap(({ count }, n) =>
          Array.from({ length: count }, (_, at) => `${n} ${at + 1}`),
        );
        assert.deepEqual(log, all);
      }),
      { numRuns: 50 },
    );
  });
});
