import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { after, describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { contractProgram } from '../../contract/contract-program.ts';
import { runCell } from '../../support/finished-cell.ts';
import { settled } from '../../support/gates.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';

describe('What edits modules', { timeout: 20_000 }, () => {
  let asked = 0;
  let isReadable = false;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.endsWith('/module-edits.ts')) return next(specifier, context);
      asked += 1;
      if (!isReadable) throw new Error('it cannot be read');
      return next(specifier, context);
    },
  });
  after(() => hooks.deregister());

  it('is loaded when nothing has come to a program for 200 ms', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    await using sandbox = isolateSandbox({ reserve: 0 });
    for (let n = 0; n < 3; n += 1) {
      t.mock.timers.tick(199);
      assert.deepEqual((await runCell(sandbox, 'text(1)')).texts, ['1']);
    }
    const calls = new RecordingCalls();
    const run = calls.runIn(sandbox, contractProgram('for (;;) await tools.a({})'));
    for (let n = 1; n <= 5; n += 1) {
      await calls.until('call', n);
      t.mock.timers.tick(150);
      calls.toolCalls[n - 1]?.answer({ ok: true, text: '1' });
    }
    await calls.until('call', 6);
    run.kill();
    await settled();
    assert.equal(asked, 0);
    t.mock.timers.tick(200);
    await settled();
    assert.equal(asked, 1);
    t.mock.timers.reset();
  });

  it('is loaded by a program that needs it, which alone fails where it cannot be read', async () => {
    await using sandbox = isolateSandbox({ reserve: 0 });
    const [needy, plain] = ['text(typeof this)', 'text(1)'];
    const [failed, other] = await Promise.all([runCell(sandbox, needy), runCell(sandbox, plain)]);
    assert.equal(failed.failure?.kind, 'sandbox_failed');
    assert.match(failed.failure.text, /^failed to initialize .*: Error: it cannot be read$/);
    assert.deepEqual(other.texts, ['1']);
    isReadable = true;
    assert.deepEqual((await runCell(sandbox, needy)).texts, ['undefined']);
    const before = asked;
    assert.deepEqual((await runCell(sandbox, needy)).texts, ['undefined']);
    assert.equal(asked, before);
  });
});
