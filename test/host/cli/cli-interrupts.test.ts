import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { configOf, startScripted } from '../../support/cli-run.ts';
import { descendants } from '../../support/processes.ts';
import { ScriptedSession } from '../../support/scripted-session.ts';

describe('cellhost run, interrupted', () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    it(`terminates the cell at ${signal}`, async () => {
      const session = new ScriptedSession().yields('one');
      const { exitCode, stdout, stderr, signals } = startScripted(session, ['-e', '1']);
      await stdout.has('one\n');
      signals.emit(signal);
      assert.equal(await exitCode, code);
      assert.equal(session.terminations, 1);
      assert.ok(session.isClosed);
      assert.deepEqual(stdout.lines(), ['one', 'last words']);
      assert.equal(stderr.text(), '');
      assert.deepEqual(signals.eventNames(), [], 'no listener is left');
    });
  }

  it('ends at once at a second signal', async () => {
    const session = new ScriptedSession();
    session.terminate = () => new Promise(() => {});
    const { exitCode, signals, needs } = startScripted(session, ['-e', '1']);
    await needs;
    signals.emit('SIGINT');
    signals.emit('SIGTERM');
    assert.equal(await exitCode, 143);
  });

  it('can be interrupted while it reads standard input', async () => {
    const stdin = new PassThrough();
    const { exitCode, stderr, signals } = startScripted(new ScriptedSession(), [], { stdin });
    signals.emit('SIGINT');
    assert.equal(await exitCode, 130);
    assert.equal(stderr.text(), '');
  });

  it('can be interrupted while servers start', async () => {
    const config = await configOf('silent');
    const argv = ['-e', '1', '--config', config];
    const { exitCode, signals } = startScripted(new ScriptedSession(), argv);
    while (descendants().length === 0) await new Promise(setImmediate);
    signals.emit('SIGTERM');
    assert.equal(await exitCode, 143);
    assert.deepEqual(descendants(), []);
  });

  it('says in JSON that the cell was terminated', async () => {
    const session = new ScriptedSession();
    const { exitCode, stdout, signals, needs } = startScripted(session, ['-e', '1', '--json']);
    await needs;
    signals.emit('SIGINT');
    assert.equal(await exitCode, 130);
    const result = JSON.parse(stdout.lines().at(-1) ?? '');
    assert.deepEqual(result, { type: 'result', outcome: 'terminated', failure: null, notes: [] });
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const session = new ScriptedSession().yields('one');
    const { exitCode, stdout, stderr } = startScripted(session, ['-e', '1']);
    await stdout.has('one\n');
    stdout.stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    assert.equal(await exitCode, 0);
    assert.equal(session.terminations, 1);
    assert.equal(stderr.text(), '');
  });

  it('says so when its output cannot be written', async () => {
    const session = new ScriptedSession().yields('one');
    const { exitCode, stdout, stderr } = startScripted(session, ['-e', '1']);
    await stdout.has('one\n');
    stdout.stream.destroy(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    assert.equal(await exitCode, 2);
    assert.match(stderr.text(), /^cellhost: Cannot write output: no space\n/);
  });
});
