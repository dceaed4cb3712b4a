import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Program } from '../../src/sandbox.ts';
import { answered, RecordingCalls, refused } from '../support/recording-calls.ts';
import type { ContractTools, StartedProgram } from './contract-program.ts';

const TIMEOUT = { timeout: 20_000 };
const HANG = 'await new Promise(() => {})';

/** Programs that nothing can move any more, and programs that only look like that. */
export function deadlockContract({ start, later }: ContractTools): void {
  const STUCK: Readonly<Record<string, string>> = {
    'that waits for nothing': HANG,
    'whose last timer has fired': `await new Promise((go) => setTimeout(go, 1)); ${HANG}`,
    'that clears the timer it waits for': `await new Promise((go) => clearTimeout(setTimeout(go, 1e9)))`,
    'whose last call was answered': `await tools.a(); ${HANG}`,
    'whose last call was refused': `await tools.b().catch(() => {}); ${HANG}`,
    'that stops after a rejection that nothing handled': `Promise.reject(1); await null; ${HANG}`,
    'whose import was refused': `await import('x').catch(() => {}); ${HANG}`,
    'that waits in as_settled': `for await (const _ of as_settled([new Promise(() => {})]));`,
    'that waits in stream_settled': `await stream_settled([new Promise(() => {})], () => {});`,
    'that has sent much': `for (let n = 0; n < 2000; n += 1) text(n); ${HANG}`,
  };

  function answering(): RecordingCalls {
    const calls = new RecordingCalls();
    calls.onTool = async (index) => (index === 0 ? answered(1) : refused('no'));
    return calls;
  }

  /** Whether the program still waits after others have come to their end. */
  async function waits({ run }: StartedProgram): Promise<boolean> {
    const end = await Promise.race([run.ended, later()]);
    return end === undefined;
  }

  describe('a program that can never go on', TIMEOUT, () => {
    for (const [what, source] of Object.entries(STUCK)) {
      it(`ends at once: one ${what}`, async () => {
        const { run } = start(source, {}, answering());
        const { failure } = await run.ended;
        assert.equal(failure?.kind, 'deadlock');
        assert.match(failure?.text ?? '', /^Deadlock: .*no tool call, timer or notification/);
      });
    }

    it('keeps what it said and stored before', async () => {
      const { calls, run } = start(`text('before'); store('k', 1); ${HANG}`);
      await run.ended;
      assert.deepEqual(calls.all('text'), ['before']);
      assert.deepEqual([...calls.stored], [['k', '1']]);
    });

    it('ends when its last notification is delivered', async () => {
      const calls = new RecordingCalls();
      const delivered = Promise.withResolvers<void>();
      calls.onNotify = () => delivered.promise;
      const started = start(`notify('n'); ${HANG}`, {}, calls);
      await calls.until('notify');
      assert.equal(await waits(started), true);
      delivered.resolve();
      assert.equal((await started.run.ended).failure?.kind, 'deadlock');
    });

    it('ends when it is released or stepped, if it was held', async () => {
      for (const resume of ['release', 'step'] as const) {
        const { calls, run } = start(HANG, { hold: true });
        await calls.until('frontier');
        run[resume]();
        assert.equal((await run.ended).failure?.kind, 'deadlock', resume);
      }
    });
  });

  const WAITING: Readonly<Record<string, readonly [source: string, fields?: Partial<Program>]>> = {
    'for a call': ['await tools.a()'],
    'for a call that it does not await': [`void tools.a(); ${HANG}`],
    'for a timer': ['await new Promise((go) => setTimeout(go, 1e9))'],
    'while it is held': [HANG, { hold: true }],
    'for nothing, as version 1 lets it': [HANG, { toolErrors: 'string' }],
  };

  describe('a program that waits', TIMEOUT, () => {
    for (const [what, [source, fields]] of Object.entries(WAITING)) {
      it(`goes on ${what}`, async () => {
        const started = start(source, fields);
        assert.equal(await waits(started), true);
        started.run.kill();
      });
    }

    it('goes on while its output is paused, and ends well', async () => {
      const calls = new RecordingCalls();
      const { run } = start(
        `text('first'); for (let n = 0; n < 2000; n += 1) text(n); await null; text('end')`,
        {},
        calls,
      );
      calls.onLine = (line) => {
        if (line === 'text first') run.pause();
      };
      await calls.until('text');
      await later();
      run.unpause();
      assert.deepEqual(await run.ended, { failure: null, notes: [] });
      assert.equal(calls.all('text').at(-1), 'end');
    });

    it('goes on after a rejection that nothing handled', async () => {
      const { calls, run } = start(
        `await tools.a(); Promise.reject(1); for (let n = 0; n < 100; n += 1) await null; text('end')`,
        {},
        answering(),
      );
      assert.equal((await run.ended).failure, null);
      assert.deepEqual(calls.all('text'), ['end']);
    });

    it('exits as before', async () => {
      const { run } = start(`setTimeout(() => exit(), 1); ${HANG}`);
      assert.equal((await run.ended).failure, null);
    });
  });
}
