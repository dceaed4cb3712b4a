import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sandbox } from '../../src/sandbox.ts';
import { answered, RecordingCalls } from '../support/recording-calls.ts';
import { type ContractTools, contractProgram } from './contract-program.ts';

const SPIN = 'for (;;);';

/** Starts programs of one session of a sandbox. */
function starter(sandbox: Sandbox, session = Symbol('turns')) {
  return (source: string) => {
    const calls = new RecordingCalls();
    return { calls, run: calls.runIn(sandbox, contractProgram(source), session) };
  };
}

/** How many programs of a session run at the same time. */
export function turnsContract({ makeSandbox }: ContractTools): void {
  const one = () => makeSandbox({ limits: { maxRunningPrograms: 1 } });

  describe('programs that want to run at the same time', { timeout: 20_000 }, () => {
    it('wait for their turn when as many run as may, and are told so', async () => {
      await using sandbox = one();
      const start = starter(sandbox);
      const spinning = start(SPIN);
      await spinning.calls.until('started');
      const waiting = start('text(1)');
      await waiting.calls.until('waits');
      assert.deepEqual(waiting.calls.log, ['waits']);
      spinning.run.kill();
      assert.equal((await waiting.run.ended).failure, null);
      assert.deepEqual(waiting.calls.log, ['waits', 'proceeds', 'started', 'text 1']);
    });

    it('start in their order', async () => {
      await using sandbox = one();
      const start = starter(sandbox);
      const order: number[] = [];
      const runs = Array.from({ length: 12 }, (_, n) => {
        const { calls, run } = start('for (let n = 0; n < 1e5; n += 1);');
        calls.onLine = (line) => void (line === 'started' && order.push(n));
        return run;
      });
      for (const run of runs) assert.equal((await run.ended).failure, null);
      assert.deepEqual(order, [...Array(12).keys()]);
    });

    it('do not wait for one that awaits a tool or a timer', async () => {
      await using sandbox = one();
      const start = starter(sandbox);
      const calling = start('await tools.a(); text(1)');
      await calling.calls.until('call');
      const sleeping = start('await new Promise((go) => setTimeout(go, 1e9))');
      assert.equal((await start('text(2)').run.ended).failure, null);
      calling.calls.toolCalls[0]?.answer(answered(1));
      assert.equal((await calling.run.ended).failure, null);
      sleeping.run.kill();
    });

    it('do not wait for one that its host has paused', async () => {
      await using sandbox = one();
      const start = starter(sandbox);
      const paused = start('for (;;) text("x".repeat(1 << 20))');
      paused.run.pause();
      await paused.calls.until('text');
      assert.equal((await start('text(2)').run.ended).failure, null);
      paused.run.kill();
    });

    it('wait when a tool has answered, and keep the answer', async () => {
      await using sandbox = one();
      const start = starter(sandbox);
      const calling = start('text(await tools.a())');
      await calling.calls.until('call');
      const spinning = start(SPIN);
      await spinning.calls.until('started');
      calling.calls.toolCalls[0]?.answer(answered('later'));
      await calling.calls.until('waits');
      spinning.run.kill();
      assert.equal((await calling.run.ended).failure, null);
      assert.deepEqual(calling.calls.all('text'), ['later']);
    });

    it('can be killed while they wait, and never run', async () => {
      await using sandbox = one();
      const start = starter(sandbox);
      const spinning = start(SPIN);
      await spinning.calls.until('started');
      const [killed, other] = [start('text(1)'), start('text(2)')];
      await other.calls.until('waits');
      killed.run.kill();
      spinning.run.kill();
      assert.equal((await other.run.ended).failure, null);
      assert.deepEqual(killed.calls.all('started'), []);
    });
  });
}
