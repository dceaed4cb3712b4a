import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SandboxRun } from '../../src/sandbox.ts';
import { answered, RecordingCalls } from '../support/recording-calls.ts';
import type { ContractTools } from './contract-program.ts';

/** Killing, in every state a program can be in. */
export function killingContract({ start, later }: ContractTools): void {
  async function isOpen(run: SandboxRun): Promise<boolean> {
    return Promise.race([run.ended.then(() => false), later().then(() => true)]);
  }

  describe('killing a program', { timeout: 20_000 }, () => {
    it('that has not started runs none of it', async () => {
      const { calls, run } = start(`text('one')`);
      run.kill();
      run.kill();
      assert.ok(await isOpen(run));
      assert.deepEqual(calls.log, []);
    });

    const STATES: Readonly<Record<string, readonly [source: string, until: string]>> = {
      'in a busy loop': [`text('go'); for (;;);`, 'text'],
      'in a busy loop that catches': [
        `text('go'); for (;;) { try { for (;;); } catch {} finally { text('no') } }`,
        'text',
      ],
      'in a microtask loop': [`text('go'); for (;;) await null;`, 'text'],
      'that talks for ever': [`for (;;) text('go')`, 'text'],
      'that waits for a tool': [`await tools.a(); text('no')`, 'call'],
      'that waits for a timer': [
        `text('go'); await new Promise((r) => setTimeout(r, 5)); text('no')`,
        'text',
      ],
      'that waits for nothing': [
        `text('go'); await new Promise((go) => setTimeout(go, 1e9))`,
        'text',
      ],
    };
    for (const [state, [source, until]] of Object.entries(STATES)) {
      it(`${state} ends it at once, and nothing is reported afterwards`, async () => {
        const { calls, run } = start(source);
        await calls.until(until);
        run.kill();
        run.kill();
        const before = [...calls.log];
        for (const call of calls.toolCalls) call.answer(answered(1));
        assert.ok(await isOpen(run));
        assert.deepEqual(calls.log, before);
      });
    }

    it('that is held ends it, whatever it receives later', async () => {
      const { calls, run } = start(`text(await tools.a())`, { hold: true });
      await calls.until('frontier');
      calls.toolCalls[0]?.answer(answered('no'));
      run.kill();
      run.release();
      run.step();
      run.hold();
      assert.ok(await isOpen(run));
      assert.deepEqual(calls.log, ['started', 'call 0 undefined', 'frontier']);
    });

    it('after its end changes nothing', async () => {
      const { calls, run } = start(`text('one'); store('k', 1)`);
      const end = await run.ended;
      run.kill();
      run.hold();
      run.step();
      run.release();
      run.kill();
      await later();
      assert.equal(await run.ended, end);
      assert.deepEqual([...calls.stored.keys()], ['k']);
      assert.deepEqual(calls.log, ['started', 'text one']);
    });

    const MOMENTS = ['started', 'text', 'call', 'notify', 'yield', 'frontier', 'image', 'audio'];
    for (const moment of MOMENTS) {
      it(`from inside its call "${moment}" allows no further call`, async () => {
        const calls = new RecordingCalls();
        const { run } = start(
          `text(1); tools.a(); tools.b(); notify('n'); yield_control();
          image('data:image/png;base64,AAAA'); audio('data:audio/wav;base64,AAAA');
          await new Promise((go) => setTimeout(go, 1e9));`,
          { hold: true },
          calls,
        );
        calls.onLine = (line) => {
          if (line.split(' ')[0] === moment) run.kill();
        };
        await calls.until(moment);
        const before = [...calls.log];
        assert.ok(await isOpen(run));
        assert.deepEqual(calls.log, before);
      });
    }

    it('does not affect its neighbours', async () => {
      const neighbour = start(`text(await tools.a())`);
      const victim = start(`text('go'); for (;;);`);
      await Promise.all([neighbour.calls.until('call'), victim.calls.until('text')]);
      victim.run.kill();
      neighbour.calls.toolCalls[0]?.answer(answered('fine'));
      assert.equal((await neighbour.run.ended).failure, null);
      assert.deepEqual(neighbour.calls.all('text'), ['fine']);
    });
  });
}
