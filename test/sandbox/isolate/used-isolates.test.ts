import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { isolateBlueprint } from '../../../sandbox/isolate/blueprint.ts';
import { mayRunAnother, toKeep } from '../../../sandbox/isolate/isolate-reuse.ts';
import { ProgramIsolate } from '../../../sandbox/isolate/program-isolate.ts';
import { UsedIsolates } from '../../../sandbox/isolate/used-isolates.ts';
import { DEFAULT_SANDBOX_LIMITS } from '../../../sandbox/limits.ts';
import { contractProgram } from '../../contract/contract-program.ts';
import { isSettled } from '../../support/gates.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';
import { UsedIsolate } from '../../support/used-isolate.ts';

const LIMITS = { ...DEFAULT_SANDBOX_LIMITS, maxHeapBytes: 64 << 20, maxProgramsPerIsolate: 3 };
const MIB = 1 << 20;

describe('mayRunAnother', () => {
  it('counts programs, and what the isolate uses between two of them', () => {
    assert.equal(mayRunAnother({ programs: 1, usedBytes: MIB }, LIMITS), true);
    assert.equal(mayRunAnother({ programs: 2, usedBytes: 8 * MIB }, LIMITS), true);
    assert.equal(mayRunAnother({ programs: 2, usedBytes: 8 * MIB + 1 }, LIMITS), false);
    assert.equal(mayRunAnother({ programs: 3, usedBytes: MIB }, LIMITS), false);
    const once = { ...LIMITS, maxProgramsPerIsolate: 1 };
    assert.equal(mayRunAnother({ programs: 1, usedBytes: 0 }, once), false);
  });
});

describe('toKeep', () => {
  const [one, other] = [Symbol('one'), Symbol('other')];
  const idle = (session: symbol, mib: number) => ({ session, usedBytes: mib * MIB });

  it('keeps the latest two of each session', () => {
    const all = [idle(one, 1), idle(other, 1), idle(one, 1), idle(one, 1), idle(other, 1)];
    assert.deepEqual(
      all.map((each) => toKeep(all, LIMITS).has(each)),
      [false, true, true, true, true],
    );
  });

  it('keeps the latest that use half of the heap of one together', () => {
    const all = Array.from({ length: 10 }, () => idle(Symbol('each'), 8));
    assert.deepEqual([...toKeep(all, LIMITS)], all.slice(-4).toReversed());
    assert.equal(toKeep([idle(one, 33)], LIMITS).size, 0);
    assert.equal(toKeep([], LIMITS).size, 0);
  });
});

describe('An isolate', { timeout: 60_000 }, () => {
  it('runs the next program of its session, and no more than its limit says', async () => {
    await using isolate = new UsedIsolate({ maxProgramsPerIsolate: 3 });
    await isolate.run('text(1)');
    for (const kept of [true, false, true, true, false]) {
      await isolate.run('text(1)');
      assert.equal(isolate.isKept, kept);
    }
    assert.equal(isolate.sandbox.made, 2);
  });

  const UNCLEAN: Readonly<Record<string, string>> = {
    'can never go on': `await new Promise(() => {})`,
    'did not stop when it had called exit': `try { exit() } finally { for (;;); }`,
    'never came to rest when it had called exit': `const again = async () => { for (;;) await 1 }; void again(); exit()`,
    'called exit where nobody heard of it': `void (async () => exit())(); await 1`,
    'left much': `globalThis.much = Array.from({ length: 3e6 }, (_, n) => n + 0.5)`,
    'left much that V8 does not count': `globalThis.much = new Uint8Array(24 << 20).fill(1)`,
    'left much in the registry of symbols': `for (let n = 0; n < 40; n++) Symbol.for(n + 'x'.repeat(1 << 20))`,
  };
  const EXITS: Readonly<Record<string, string>> = {
    'its last line': `text(1); exit()`,
    'a function that is awaited': `const run = async () => { await tools.echo(1); exit() }; await run()`,
    'a try with catch and finally': `try { exit() } catch { text(1) } finally { await tools.echo(1) } text(2)`,
    'a timer': `setTimeout(exit, 0); await new Promise(() => {})`,
    'one of many at once': `await Promise.all([tools.never(), 1].map(async (one) => { await one; exit() }))`,
    'a helper': `text({ toJSON() { exit() } })`,
    'the text of its failure': `throw { get stack() { exit() } }`,
  };
  for (const [where, source] of Object.entries(EXITS)) {
    it(`runs the next program after one that called exit in ${where}`, async () => {
      await using isolate = new UsedIsolate();
      await isolate.run('text(1)');
      const { failure, notes } = await isolate.runAgain(source);
      assert.deepEqual([failure, notes], [null, []]);
      assert.equal(isolate.isKept, true);
      assert.deepEqual((await isolate.runAgain('text(2)')).texts, ['2']);
    });
  }

  for (const [what, source] of Object.entries(UNCLEAN)) {
    it(`runs no program after one that ${what}`, async () => {
      await using isolate = new UsedIsolate();
      await isolate.run('text(1)');
      assert.equal(isolate.isKept, true);
      await isolate.run(source);
      assert.equal(isolate.isKept, false);
      assert.deepEqual((await isolate.run('text(2)')).texts, ['2']);
    });
  }

  it('runs no program after one that was killed, not even at its very end', async () => {
    await using sandbox = isolateSandbox({ reserve: 0 });
    const session = Symbol('killed');
    for (const line of ['started', 'text', 'call']) {
      const calls = new RecordingCalls();
      const program = contractProgram('text(1); await tools.a()');
      const run = sandbox.run(program, calls, session);
      await calls.until(line);
      run.kill();
      await run.stopped;
      assert.equal(sandbox.kept, 0, line);
    }
    const calls = new RecordingCalls();
    const run = sandbox.run(contractProgram('text(1)'), calls, session);
    calls.onLine = (line) => {
      if (line === 'text 1') run.kill();
    };
    await run.stopped;
    assert.equal(sandbox.kept, 0);
  });

  it('runs no program of another session', async () => {
    await using sandbox = isolateSandbox({ reserve: 0 });
    const start = (session: symbol) =>
      sandbox.run(contractProgram('text(1)'), new RecordingCalls(), session).ended;
    const [one, other] = [Symbol('one'), Symbol('other')];
    await start(one);
    await start(other);
    assert.deepEqual([sandbox.made, sandbox.kept], [2, 2]);
    await start(one);
    await start(other);
    assert.deepEqual([sandbox.made, sandbox.kept], [2, 2]);
  });

  it('is taken by whichever program waits, so that many at once need few', async () => {
    await using sandbox = isolateSandbox({ reserve: 0 });
    const session = Symbol('crowd');
    const order: number[] = [];
    const runs = Array.from({ length: 100 }, (_, n) => {
      const calls = new RecordingCalls();
      calls.onLine = (line) => {
        if (line === 'started') order.push(n);
      };
      return calls.runIn(sandbox, contractProgram('text(1)'), session);
    });
    for (const { ended } of runs) assert.equal((await ended).failure, null);
    assert.deepEqual(order, [...order.keys()]);
    assert.ok(sandbox.made < 60, `${sandbox.made} isolates were made`);
  });

  it('is prepared by a thread only while others of its session run', async (t) => {
    const { mock } = t.mock.method(ProgramIsolate.prototype, 'prepare');
    await using sandbox = isolateSandbox({ reserve: 0, limits: { maxRunningPrograms: 1 } });
    const session = Symbol('one after another');
    const run = () => sandbox.run(contractProgram('text(1)'), new RecordingCalls(), session).ended;
    for (let n = 0; n < 3; n += 1) await run();
    assert.equal(mock.callCount(), 0);
    await Promise.all([run(), run(), run()]);
    assert.notEqual(mock.callCount(), 0);
  });

  it('is left by its thread before the sandbox is closed', async (t) => {
    const [entered, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { prepare } = ProgramIsolate.prototype;
    t.mock.method(ProgramIsolate.prototype, 'prepare', async function (this: ProgramIsolate) {
      entered.resolve();
      await prepare.call(this).finally(() => left.promise);
    });
    const sandbox = isolateSandbox({ reserve: 0, limits: { maxRunningPrograms: 1 } });
    const session = Symbol('crowd');
    for (let n = 0; n < 10; n += 1)
      sandbox.run(contractProgram('text(1)'), new RecordingCalls(), session);
    await entered.promise;
    const closing = sandbox.close();
    for (let n = 0; n < 10; n += 1) assert.equal(await isSettled(closing), false);
    left.resolve();
    await closing;
  });

  it('is not waited for while it is in use', async () => {
    await using sandbox = isolateSandbox({ reserve: 0 });
    const session = Symbol('waiting');
    const first = new RecordingCalls();
    const waiting = first.runIn(sandbox, contractProgram('await tools.a()'), session);
    await first.until('call');
    await new RecordingCalls().runIn(sandbox, contractProgram('text(1)'), session).ended;
    waiting.kill();
  });

  it('has as much room for a program as a new one', async () => {
    await using isolate = new UsedIsolate({ maxHeapBytes: 64 * MIB });
    const most = `const all = []; for (let n = 0; n < 40; n++) all.push(Array.from({ length: 131_072 }, (_, at) => at + 0.5)); text(all.length)`;
    assert.deepEqual((await isolate.run(most)).texts, ['40']);
    for (let n = 0; n < 8; n += 1) await isolate.run('text(1)');
    assert.deepEqual((await isolate.runAgain(most)).texts, ['40']);
  });

  it('counts for a program only the time that was spent inside for it', async () => {
    await using sandbox = isolateSandbox({ reserve: 0 });
    const session = Symbol('time');
    const spin = 'const until = Date.now() + 50; while (Date.now() < until);';
    await new RecordingCalls().runIn(sandbox, contractProgram(spin), session).ended;
    assert.equal(sandbox.kept, 1);
    const calls = new RecordingCalls();
    const run = sandbox.run(contractProgram('await tools.a()'), calls, session);
    await calls.until('call');
    assert.ok(run.insideMs < 45, `${run.insideMs} ms`);
    run.kill();
  });
});

describe('UsedIsolates', { timeout: 30_000 }, () => {
  const session = Symbol('session');
  const blueprint = isolateBlueprint(LIMITS);
  const mocked = { apis: ['setTimeout', 'setImmediate'] } as const;

  function setup(count: number) {
    const used = new UsedIsolates(LIMITS);
    const isolates = Array.from({ length: count }, () => new ProgramIsolate(blueprint));
    for (const isolate of isolates) used.put(session, isolate);
    return { used, isolates };
  }

  it('gives each program a context of its own', () => {
    const { used, isolates } = setup(1);
    const before = isolates[0]?.context;
    const taken = used.take(session);
    assert.equal(taken, isolates[0]);
    assert.notEqual(taken?.context, before);
    assert.equal(used.take(session), undefined);
    taken?.dispose();
  });

  it('prepares contexts before they are needed, and disposes what is too much', (t) => {
    t.mock.timers.enable(mocked);
    const { used, isolates } = setup(3);
    assert.equal(used.isReady(session), false);
    used.settleSoon();
    t.mock.timers.tick(0);
    assert.deepEqual(
      isolates.map(({ state }) => state),
      ['used', 'used', 'ready'],
    );
    for (let n = 0; n < 3; n += 1) t.mock.timers.tick(2);
    assert.equal(used.isReady(session), true);
    assert.deepEqual(
      isolates.map(({ disposed, state }) => [disposed, state]),
      [
        [true, 'used'],
        [false, 'ready'],
        [false, 'ready'],
      ],
    );
    void used.close();
    assert.deepEqual([used.size, isolates.every(({ disposed }) => disposed)], [0, true]);
  });

  it('lets threads prepare contexts, and gives nobody such an isolate before it is ready', async () => {
    const { used, isolates } = setup(2);
    const before = isolates.map(({ context }) => context);
    used.prepareAside(session);
    used.prepareAside(session);
    assert.deepEqual([used.take(session), used.isReady(session), used.size], [undefined, false, 2]);
    while (isolates.some(({ state }) => state === 'preparing')) await setImmediate();
    assert.equal(used.isReady(session), true);
    assert.deepEqual([used.take(session), used.take(session)], isolates.toReversed());
    for (const [n, isolate] of isolates.entries()) {
      assert.notEqual(isolate.context, before[n]);
      assert.equal(isolate.contexts, 2);
      isolate.dispose();
    }
  });

  it('gives a program an isolate that is ready before one that is not', async () => {
    const { used, isolates } = setup(1);
    used.prepareAside(session);
    while (isolates[0]?.state === 'preparing') await setImmediate();
    const unready = new ProgramIsolate(blueprint);
    used.put(session, unready);
    assert.deepEqual([used.take(session), used.take(session)], [isolates[0], unready]);
    for (const isolate of [...isolates, unready]) isolate.dispose();
  });

  it('keeps none that V8 has ended while a thread prepared it', async () => {
    const { used, isolates } = setup(1);
    used.prepareAside(session);
    isolates[0]?.dispose();
    while (used.size > 0) await setImmediate();
    assert.equal(used.take(session), undefined);
  });

  it('is closed when no thread is inside any more', async () => {
    for (let n = 0; n < 20; n += 1) {
      const { used, isolates } = setup(3);
      const settled: unknown[] = [];
      for (const isolate of isolates) {
        const prepare = isolate.prepare.bind(isolate);
        isolate.prepare = () => prepare().finally(() => settled.push(isolate));
      }
      used.prepareAside(session);
      await used.close();
      assert.deepEqual([settled.length, isolates.every(({ disposed }) => disposed)], [3, true]);
    }
  });

  it('disposes the isolates of a session that runs nothing more, a second later', (t) => {
    t.mock.timers.enable(mocked);
    const { used, isolates } = setup(1);
    used.release(session);
    t.mock.timers.tick(999);
    assert.equal(isolates[0]?.disposed, false);
    t.mock.timers.tick(1);
    assert.deepEqual([isolates[0]?.disposed, used.size], [true, 0]);
  });

  it('keeps them if the session runs another program before that', (t) => {
    t.mock.timers.enable(mocked);
    const { used, isolates } = setup(1);
    used.release(session);
    t.mock.timers.tick(500);
    const taken = used.take(session);
    used.put(session, taken ?? assert.fail());
    t.mock.timers.tick(999);
    assert.equal(isolates[0]?.disposed, false);
    used.forget(session);
    assert.equal(isolates[0]?.disposed, true);
  });

  it('passes over an isolate that V8 has ended', () => {
    const { used, isolates } = setup(2);
    isolates[1]?.dispose();
    assert.equal(used.take(session), isolates[0]);
    isolates[0]?.dispose();
    used.put(session, isolates[0] ?? assert.fail());
    assert.equal(used.size, 0);
  });

  it('lets nothing through from a context that was released', async () => {
    const isolate = new ProgramIsolate(blueprint);
    const { context } = isolate;
    let heard = 0;
    context.wiring.receive = () => {
      heard += 1;
    };
    context.wiring.fetch = () => '"stored"';
    const { wiring } = context;
    isolate.releaseContext();
    wiring.receive(['text', 'late']);
    assert.deepEqual([heard, wiring.fetch('key'), wiring.pause.flushed()], [0, 'null', undefined]);
    await assert.rejects(async () => context.run('1', false));
    await assert.rejects(async () => context.deliver([false, 0, 0]));
    isolate.dispose();
  });
});
