import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answered, RecordingCalls } from '../support/recording-calls.ts';
import type { ContractTools } from './contract-program.ts';

const THREE_CALLS = `
  for (let n = 0; n < 3; n++) text(await tools.a(n));
  await new Promise((go) => setTimeout(go, 1e9));`;

/** Holding, stepping and releasing. */
export function holdingContract({ start, later }: ContractTools): void {
  describe('holding a program', { timeout: 20_000 }, () => {
    it('from the start pauses it at its first frontier, after everything it did', async () => {
      const { calls, run } = start(`text('one'); tools.a(); await tools.b(); text('no')`, {
        hold: true,
      });
      await calls.until('frontier');
      assert.deepEqual(calls.log, [
        'started',
        'text one',
        'call 0 undefined',
        'call 1 undefined',
        'frontier',
      ]);
      run.kill();
    });

    it('that never waits lets it end without a frontier', async () => {
      const { calls, run } = start(`for (let i = 0; i < 100; i++) await null; text('end')`, {
        hold: true,
      });
      assert.equal((await run.ended).failure, null);
      assert.deepEqual(calls.log, ['started', 'text end']);
    });

    it('that is already idle reports its frontier', async () => {
      const { calls, run } = start(`await tools.a(); text('no')`);
      await calls.until('call');
      await later();
      run.hold();
      await calls.until('frontier');
      calls.toolCalls[0]?.answer(answered(1));
      await later();
      assert.deepEqual(calls.log, ['started', 'call 0 undefined', 'frontier']);
      run.kill();
    });

    it('works however few microtasks after its last message it is requested', async () => {
      const runs = Array.from({ length: 40 }, (_, microtasks) => {
        const calls = new RecordingCalls();
        const { run } = start(
          `text('last'); await new Promise((go) => setTimeout(go, 1e9))`,
          {},
          calls,
        );
        calls.onLine = async (line) => {
          if (line !== 'text last') return;
          for (let n = 0; n < microtasks; n += 1) await null;
          run.hold();
        };
        return { calls, run };
      });
      await Promise.all(runs.map(({ calls }) => calls.until('frontier')));
      await later();
      for (const { calls, run } of runs) {
        assert.deepEqual(calls.all('frontier'), ['']);
        run.kill();
      }
    });

    it('twice makes only one frontier', async () => {
      const { calls, run } = start(`await tools.a()`);
      await calls.until('call');
      run.hold();
      run.hold();
      await calls.until('frontier');
      run.hold();
      await later();
      assert.deepEqual(calls.all('frontier'), ['']);
      run.kill();
    });

    it('and releasing it before it is idle makes none', async () => {
      const calls = new RecordingCalls();
      const { run } = start(`tools.a(); for (let i = 0; i < 1000; i++) await null;`, {}, calls);
      calls.onLine = (line) => {
        if (!line.startsWith('call')) return;
        run.hold();
        run.release();
      };
      await run.ended;
      assert.deepEqual(calls.all('frontier'), []);
    });

    it('holds answers, and releasing it delivers all of them in order', async () => {
      const { calls, run } = start(
        `await Promise.all(Array.from({ length: 100 }, (_, n) => tools.a(n).then(text)));`,
        { hold: true },
      );
      await calls.until('frontier');
      for (const call of calls.toolCalls.toReversed()) {
        call.answer({ ok: true, text: call.inputJson ?? 'null' });
      }
      await later();
      assert.deepEqual(calls.all('text'), []);
      run.release();
      assert.equal((await run.ended).failure, null);
      assert.deepEqual(
        calls.all('text'),
        Array.from({ length: 100 }, (_, n) => String(99 - n)),
      );
      assert.deepEqual(calls.all('frontier'), ['']);
    });

    it('also holds timers, in order with the answers', async () => {
      const { calls, run } = start(
        `setTimeout(() => text('second timer'), 90);
        setTimeout(() => text('first timer'), 50);
        tools.a().then(text);
        await new Promise((done) => setTimeout(() => tools.b().then(done), 60));`,
        { hold: true },
      );
      await calls.until('frontier');
      for (let n = 0; n < 4; n += 1) await later();
      calls.toolCalls[0]?.answer(answered('answer'));
      await later();
      assert.deepEqual(calls.all('text'), []);
      run.release();
      await calls.until('text', 3);
      assert.deepEqual(calls.all('text'), ['first timer', 'second timer', 'answer']);
      await calls.until('call', 2);
      calls.toolCalls[1]?.answer(answered(null));
      await run.ended;
    });

    it('does not pause a released program again', async () => {
      const { calls, run } = start(THREE_CALLS, { hold: true });
      await calls.until('frontier');
      run.release();
      for (let n = 0; n < 3; n += 1) {
        await calls.until('call', n + 1);
        calls.toolCalls[n]?.answer(answered(n));
      }
      await calls.until('text', 3);
      await later();
      assert.deepEqual(calls.all('frontier'), ['']);
      run.kill();
    });

    it('works again, however soon after a release', async () => {
      const runs = Array.from({ length: 20 }, (_, microtasks) => {
        const calls = new RecordingCalls();
        const { run } = start(`text(await tools.a())`, { hold: true }, calls);
        calls.onLine = async (line) => {
          if (line !== 'frontier' || calls.all('frontier').length > 1) return;
          for (let n = 0; n < microtasks; n += 1) await null;
          run.release();
          run.hold();
        };
        return { calls, run };
      });
      await Promise.all(runs.map(({ calls }) => calls.until('frontier')));
      await later();
      for (const { run } of runs) run.kill();
      const frontiers = runs.map(({ calls }) => calls.all('frontier').length);
      assert.deepEqual(frontiers, new Array(20).fill(2));
    });
  });

  describe('stepping a program', { timeout: 20_000 }, () => {
    it('pauses it after each event that moves it', async () => {
      const { calls, run } = start(THREE_CALLS, { hold: true });
      for (let n = 0; n < 3; n += 1) {
        await calls.until('frontier', n + 1);
        run.step();
        calls.toolCalls[n]?.answer(answered(n));
      }
      await calls.until('frontier', 4);
      assert.deepEqual(calls.log, [
        'started',
        'call 0 0',
        'frontier',
        'text 0',
        'call 0 1',
        'frontier',
        'text 1',
        'call 0 2',
        'frontier',
        'text 2',
        'frontier',
      ]);
      run.kill();
    });

    it('reports no frontier before something moves it', async () => {
      const { calls, run } = start(THREE_CALLS, { hold: true });
      await calls.until('frontier');
      run.step();
      await later();
      assert.deepEqual(calls.all('frontier'), ['']);
      calls.toolCalls[0]?.answer(answered(0));
      await calls.until('frontier', 2);
      assert.equal(calls.log.at(-1), 'frontier');
      run.kill();
    });

    it('delivers what waited, and then pauses it', async () => {
      const { calls, run } = start(
        `tools.a().then(text); tools.b().then(text); await new Promise((go) => setTimeout(go, 1e9))`,
        { hold: true },
      );
      await calls.until('frontier');
      calls.toolCalls[1]?.answer(answered('b'));
      calls.toolCalls[0]?.answer(answered('a'));
      await later();
      run.step();
      await calls.until('text', 2);
      await later();
      assert.deepEqual(calls.all('text'), ['b', 'a']);
      assert.equal(calls.log.at(-1), 'frontier');
      run.kill();
    });

    it('lets a program end that a step completes', async () => {
      const { calls, run } = start(`await tools.a(); text('end')`, { hold: true });
      await calls.until('frontier');
      run.step();
      calls.toolCalls[0]?.answer(answered(0));
      assert.equal((await run.ended).failure, null);
      assert.deepEqual(calls.log.slice(-2), ['frontier', 'text end']);
    });

    it('also works with a timer', async () => {
      const { calls, run } = start(
        `setTimeout(() => text('timer'), 50); await new Promise((go) => setTimeout(go, 1e9))`,
        { hold: true },
      );
      await calls.until('frontier');
      run.step();
      await calls.until('frontier', 2);
      assert.deepEqual(calls.log, ['started', 'frontier', 'text timer', 'frontier']);
      run.kill();
    });
  });
}
