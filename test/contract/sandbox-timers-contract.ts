import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContractTools } from './contract-program.ts';

const WAIT = `await new Promise((r) => setTimeout(r, 25));`;

/** Timers of programs. */
export function timersContract({ start, later }: ContractTools): void {
  async function textsOf(source: string): Promise<readonly string[]> {
    const { calls, run } = start(source);
    const { failure } = await run.ended;
    assert.equal(failure, null);
    return calls.all('text');
  }

  describe('timers', { timeout: 20_000 }, () => {
    it('fire in the order of their delays; equal delays in the order of the calls', async () => {
      const texts = await textsOf(`
        for (const [name, ms] of [['c', 9], ['a', 1], ['d', 9], ['b', 1]]) {
          setTimeout(() => text(name), ms);
        }
        ${WAIT}`);
      assert.deepEqual(texts, ['a', 'b', 'c', 'd']);
    });

    it('run the reactions of one before the next fires', async () => {
      const texts = await textsOf(`
        for (const name of ['a', 'b']) {
          setTimeout(async () => { text(name); await null; await null; text(name + ' done') }, 1);
        }
        ${WAIT}`);
      assert.deepEqual(texts, ['a', 'a done', 'b', 'b done']);
    });

    it('that are cleared never fire, even if another one clears them when they are due', async () => {
      const texts = await textsOf(`
        clearTimeout(setTimeout(() => text('cleared'), 1));
        setTimeout(() => { text('first'); clearTimeout(second) }, 1);
        const second = setTimeout(() => text('second'), 1);
        ${WAIT}`);
      assert.deepEqual(texts, ['first']);
    });

    for (const delay of ['0', '-5', 'Infinity', '-Infinity', 'NaN', 'undefined', '"x"', 'null']) {
      it(`with the delay ${delay} fire soon`, async () => {
        const texts = await textsOf(`
          await new Promise((r) => setTimeout(r, ${delay})); text('fired')`);
        assert.deepEqual(texts, ['fired']);
      });
    }

    it('accept numbers as strings and drop fractions', async () => {
      const texts = await textsOf(`
        setTimeout(() => text('later'), '8'); setTimeout(() => text('soon'), 1.9); ${WAIT}`);
      assert.deepEqual(texts, ['soon', 'later']);
    });

    for (const delay of ['2 ** 31 - 1', '2 ** 31', '2 ** 32 + 1', '1e15', 'Number.MAX_VALUE']) {
      it(`with the delay ${delay} do not fire at once`, async () => {
        const texts = await textsOf(`setTimeout(() => text('fired'), ${delay}); ${WAIT}`);
        assert.deepEqual(texts, []);
      });
    }

    it('do not fire after the end', async () => {
      const { calls, run } = start(`
        setTimeout(() => text('late'), 1);
        setTimeout(() => text('late'), 10);
        text('end');`);
      await run.ended;
      await later();
      assert.deepEqual(calls.all('text'), ['end']);
    });

    it('can be set by timers, without end', async () => {
      const texts = await textsOf(`
        let n = 0;
        await new Promise((done) => {
          const tick = () => (++n < 200 ? setTimeout(tick) : done());
          tick();
        });
        text(n);`);
      assert.deepEqual(texts, ['200']);
    });
  });
}
