import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  type IsolateSandbox,
  type IsolateSandboxOptions,
  isolateSandbox,
} from '../../../sandbox/index.ts';
import { contractProgram } from '../../contract/contract-program.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';

/** Runs so many programs at once, to their ends. */
async function runMany(sandbox: IsolateSandbox, count: number): Promise<void> {
  const runs = Array.from({ length: count }, () =>
    sandbox.run(contractProgram('text(1)'), new RecordingCalls(), Symbol('each its own')),
  );
  for (const { ended } of runs) assert.equal((await ended).failure, null);
}

describe('The reserve of isolates', { timeout: 20_000 }, () => {
  /** A sandbox whose time the test passes. It is closed after the test. */
  function timed(t: TestContext, options?: IsolateSandboxOptions): IsolateSandbox {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const sandbox = isolateSandbox(options);
    t.after(() => {
      t.mock.timers.reset();
      return sandbox.close();
    });
    return sandbox;
  }

  /** Lets 5 ms pass, and then other threads work for a while. */
  async function pass(timers: { tick(ms: number): void }): Promise<void> {
    timers.tick(5);
    for (let turns = 0; turns < 100; turns += 1) await setImmediate();
  }

  /** Lets time pass until so many isolates wait. */
  async function until(timers: { tick(ms: number): void }, sandbox: IsolateSandbox, count: number) {
    while (sandbox.reserved !== count) await pass(timers);
  }

  it('has two isolates', async (t) => {
    const sandbox = timed(t);
    await until(t.mock.timers, sandbox, 2);
    await runMany(sandbox, 2);
    await until(t.mock.timers, sandbox, 2);
    for (let n = 0; n < 50; n += 1) await pass(t.mock.timers);
    assert.equal(sandbox.reserved, 2);
    t.mock.timers.reset();
    await sandbox.close();
    assert.equal(sandbox.reserved, 0);
  });

  it('doubles when it was full and too small, and shrinks when no program has come for ten seconds', async (t) => {
    const sandbox = timed(t);
    await until(t.mock.timers, sandbox, 2);
    await runMany(sandbox, 8);
    await until(t.mock.timers, sandbox, 4);
    for (let n = 0; n < 20; n += 1) await pass(t.mock.timers);
    assert.equal(sandbox.reserved, 4);
    await runMany(sandbox, 8);
    await until(t.mock.timers, sandbox, 8);
    t.mock.timers.tick(9_000);
    await runMany(sandbox, 1);
    await until(t.mock.timers, sandbox, 8);
    t.mock.timers.tick(9_000);
    assert.equal(sandbox.reserved, 8);
    t.mock.timers.tick(1_000);
    assert.equal(sandbox.reserved, 2);
  });

  it('grows to 32 at most', async (t) => {
    const sandbox = timed(t);
    for (const size of [2, 4, 8, 16, 32, 32]) {
      await until(t.mock.timers, sandbox, size);
      await runMany(sandbox, 60);
    }
    await until(t.mock.timers, sandbox, 32);
    for (let n = 0; n < 20; n += 1) await pass(t.mock.timers);
    assert.equal(sandbox.reserved, 32);
  });

  it('does not grow while programs come sooner than it is filled: nothing was there for them', async (t) => {
    const sandbox = timed(t);
    await until(t.mock.timers, sandbox, 2);
    for (let n = 0; n < 20; n += 1) {
      await runMany(sandbox, 4);
      // Time for one more isolate, not for all of them.
      t.mock.timers.tick(1);
      await setImmediate();
    }
    await until(t.mock.timers, sandbox, 4);
    for (let n = 0; n < 20; n += 1) await pass(t.mock.timers);
    assert.equal(sandbox.reserved, 4);
  });

  it('is not filled while programs come that need nothing of it', async (t) => {
    const sandbox = timed(t);
    const session = Symbol('one');
    for (let n = 0; n < 10; n += 1) {
      const { ended } = sandbox.run(contractProgram('text(1)'), new RecordingCalls(), session);
      assert.equal((await ended).failure, null);
      t.mock.timers.tick(199);
    }
    assert.deepEqual([sandbox.made, sandbox.reserved], [1, 0]);
    t.mock.timers.tick(1);
    await until(t.mock.timers, sandbox, 2);
  });

  it('is not filled right after a program was stopped, whose caller waits', async (t) => {
    const sandbox = timed(t);
    const source = 'text(1); await new Promise(() => {})';
    const calls = new RecordingCalls();
    const run = sandbox.run(contractProgram(source), calls, Symbol('one'));
    await calls.until('text');
    run.kill();
    await run.stopped;
    await pass(t.mock.timers);
    assert.equal(sandbox.reserved, 0);
  });

  it('is not filled right after a program while others of its session run, which would wait', async (t) => {
    const sandbox = timed(t, { limits: { maxProgramsPerIsolate: 1 } });
    const [session, calls] = [Symbol('two'), new RecordingCalls()];
    const other = sandbox.run(contractProgram('text(1); for (;;);'), calls, session);
    await calls.until('text');
    await sandbox.run(contractProgram('text(2)'), new RecordingCalls(), session).ended;
    t.mock.timers.tick(4);
    assert.equal(sandbox.reserved, 0);
    t.mock.timers.tick(1);
    assert.notEqual(sandbox.reserved, 0);
    other.kill();
  });

  it('is not filled between the answers that a program gets, but when they rest', async (t) => {
    const sandbox = timed(t);
    const calls = new RecordingCalls();
    const source = 'for (;;) await tools.a({})';
    const run = calls.runIn(sandbox, contractProgram(source));
    for (let n = 1; n <= 20; n += 1) {
      await calls.until('call', n);
      t.mock.timers.tick(150);
      await setImmediate();
      assert.equal(sandbox.reserved, 0);
      calls.toolCalls[n - 1]?.answer({ ok: true, text: '1' });
    }
    await calls.until('call', 21);
    t.mock.timers.tick(400);
    await until(t.mock.timers, sandbox, 2);
    run.kill();
  });

  it('is filled when answers rest even if a program is waiting for one', async (t) => {
    const sandbox = timed(t);
    const calls = new RecordingCalls();
    const run = calls.runIn(sandbox, contractProgram('await tools.a({})'));
    await calls.until('call');
    t.mock.timers.tick(200);
    await until(t.mock.timers, sandbox, 2);
    run.kill();
  });

  it('is filled at once if it was too small', async (t) => {
    const sandbox = timed(t);
    await runMany(sandbox, 3);
    await pass(t.mock.timers);
    assert.ok(sandbox.reserved > 0);
  });

  it('is filled at once if the next program needs it', async (t) => {
    const sandbox = timed(t, { limits: { maxProgramsPerIsolate: 1 } });
    await runMany(sandbox, 1);
    await pass(t.mock.timers);
    assert.ok(sandbox.reserved > 0);
  });

  it('stays empty where none is wanted', async (t) => {
    const sandbox = timed(t, { reserve: 0 });
    await runMany(sandbox, 4);
    for (let n = 0; n < 20; n += 1) await pass(t.mock.timers);
    assert.equal(sandbox.reserved, 0);
  });
});

describe('Programs that are run at once', { timeout: 20_000 }, () => {
  it('are started in their order', async () => {
    await using sandbox = isolateSandbox();
    const order: number[] = [];
    const runs = Array.from({ length: 12 }, (_, n) => {
      const calls = new RecordingCalls();
      calls.onLine = (line) => {
        if (line === 'started') order.push(n);
      };
      return calls.runIn(sandbox, contractProgram('text(1)'));
    });
    await Promise.all(runs.map(({ ended }) => ended));
    assert.deepEqual(
      order,
      runs.map((_, n) => n),
    );
  });

  it('let others have their turn while isolates are prepared for them', async () => {
    await using sandbox = isolateSandbox({ reserve: 0 });
    let started = 0;
    const runs = Array.from({ length: 12 }, () => {
      const calls = new RecordingCalls();
      calls.onLine = () => {
        started += 1;
      };
      return calls.runIn(sandbox, contractProgram('text(1)'));
    });
    while (started === 0) await setImmediate();
    for (const run of runs) run.kill();
    await setImmediate();
    await setImmediate();
    assert.ok(started < 6, `${started} were started`);
  });

  it('may be joined by others as they start', async () => {
    await using sandbox = isolateSandbox();
    const calls = new RecordingCalls();
    const joined: Promise<unknown>[] = [];
    calls.onLine = (line) => {
      if (line !== 'started' || joined.length > 2) return;
      for (let n = 0; n < 2; n += 1) {
        joined.push(calls.runIn(sandbox, contractProgram('text(1)')).ended);
      }
    };
    await calls.runIn(sandbox, contractProgram('text(1)')).ended;
    await Promise.all(joined);
    assert.equal(calls.all('started').length, joined.length + 1);
  });
});
