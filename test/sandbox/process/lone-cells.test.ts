import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { endWithParent } from '../../../sandbox/process/end-with-parent.ts';
import {
  type HostSandboxOptions,
  ProcessSandbox,
  type ProcessSandboxOptions,
  processSandbox,
} from '../../../sandbox/process/process-sandbox.ts';
import type { SessionRuntime } from '../../../src/index.ts';
import type { Program } from '../../../src/sandbox.ts';
import {
  type CellSetup,
  finishCell,
  recordedSession,
  textsOf,
} from '../../support/finished-cell.ts';
import { isAlive, statFields, untilGone } from '../../support/processes.ts';
import { answered, RecordingCalls } from '../../support/recording-calls.ts';

const MIB = 1 << 20;
const LONG = { yieldAfterMs: 60_000 } as const;
const SPIN = 'for (;;);';
/** Long enough to be measured, and more than what else a process does in that time. */
const COMPUTE = 'for (const until = Date.now() + 150; Date.now() < until; );';

/** A program may send so many messages before it waits for its host. */
const SENT_AT_ONCE = 512;
const PROGRAM: Program = {
  source: '',
  tools: [{ identifier: 'go', description: '' }],
  values: new Map(),
  toolErrors: 'string',
  console: false,
  globals: 'standard',
  hold: false,
};

/** Processor time of a process, or of its main thread alone, in milliseconds. */
function processorMs(pid: number, of: 'process' | 'main thread'): number {
  const fields = statFields(of === 'process' ? pid : `${pid}/task/${pid}`);
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Whether a process has the thread that watches its main thread. */
function hasWatch(pid: number): boolean {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.some((each) =>
    readFileSync(`/proc/${pid}/task/${each}/comm`, 'utf8').startsWith('WorkerThread'),
  );
}

/** Whether a session's cell runs on the main thread of its process. */
async function isAlone(sandbox: ReturnType<typeof processSandbox>, session: SessionRuntime) {
  const times = (pid: number) =>
    [processorMs(pid, 'process'), processorMs(pid, 'main thread')] as const;
  for (;;) {
    const before = new Map(sandbox.pids.map((pid) => [pid, times(pid)]));
    await finishCell(session, COMPUTE);
    const pid = sandbox.pidOf(session.symbol)!;
    const earlier = before.get(pid);
    // What a process does to start would count with the cell.
    if (earlier === undefined) continue;
    const [all, main] = times(pid).map((ms, at) => ms - earlier[at]!) as [number, number];
    return main > 0.5 * all;
  }
}

/** A session whose cells run on the main thread of their process. */
async function loneSession(options: ProcessSandboxOptions = {}, setup?: CellSetup) {
  const sandbox = processSandbox({ aloneAfter: 1, ...options });
  const { session, calls } = recordedSession(sandbox, setup);
  // Its process has to be there: to start takes that thread as long as to compute.
  await finishCell(session, '');
  while (!(await isAlone(sandbox, session)));
  return {
    sandbox,
    session,
    calls,
    pid: sandbox.pidOf(session.symbol)!,
    async [Symbol.asyncDispose]() {
      await session.close();
      await sandbox.close();
    },
  };
}

describe('A lone cell', { timeout: 60_000, skip: process.platform !== 'linux' }, () => {
  it('is heard before it spins', async () => {
    const called = Promise.withResolvers<unknown>();
    await using setup = await loneSession({}, { onTool: { tell: called.resolve } });
    const source = `store('kept', 1); text('said'); yield_control(); tools.tell('called'); await null; ${SPIN}`;
    const { cellId, first } = await setup.session.execute({ source, observe: LONG });
    const event = await first;
    assert.ok(event.type === 'yielded');
    assert.deepEqual(textsOf(event.items), ['said']);
    assert.equal(await called.promise, 'called');
    await setup.session.terminate(cellId);
  });

  it('that spins holds up no other of its session, and is stopped with its process', async () => {
    await using setup = await loneSession();
    const { session, sandbox, pid } = setup;
    const { cellId, first } = await session.execute({
      source: `yield_control(); ${SPIN}`,
      observe: LONG,
    });
    await first;
    const { items } = await finishCell(session, 'text(1)');
    assert.deepEqual(textsOf(items), ['1']);
    assert.ok(isAlive(pid));
    assert.equal((await session.terminate(cellId)).type, 'terminated');
    await untilGone(pid);
    assert.equal(sandbox.stats.ended.stuck, 1);
  });

  it('that had to be stopped with its process makes the next ones run in threads', async () => {
    await using setup = await loneSession();
    const { session, sandbox, pid } = setup;
    for (let round = 0; round < 3; round += 1) {
      const source = `yield_control(); ${SPIN}`;
      const { cellId, first } = await session.execute({ source, observe: LONG });
      await first;
      await session.terminate(cellId);
      if (round === 0) await untilGone(pid);
    }
    for (let cell = 0; cell < 5; cell += 1) assert.equal(await isAlone(sandbox, session), false);
    assert.equal(sandbox.stats.ended.stuck, 1);
  });

  it('exits, whatever it does with that', async () => {
    await using setup = await loneSession();
    const source = `text(1); try { exit() } catch {} ${SPIN}`;
    const { failure, items } = await finishCell(setup.session, source);
    assert.deepEqual([failure, textsOf(items)], [null, ['1']]);
    assert.deepEqual(textsOf((await finishCell(setup.session, 'text(2)')).items), ['2']);
    assert.equal(setup.sandbox.pidOf(setup.session.symbol), setup.pid);
  });

  it('that waits makes room for others in its process', async () => {
    const answer = Promise.withResolvers<number>();
    await using setup = await loneSession({}, { onTool: { later: () => answer.promise } });
    const { session, sandbox, pid } = setup;
    const source = 'yield_control(); text(await tools.later())';
    const { cellId, first } = await session.execute({ source, observe: LONG });
    await first;
    const cells = Array.from({ length: 8 }, () => finishCell(session, 'text(1)'));
    for (const { items } of await Promise.all(cells)) assert.deepEqual(textsOf(items), ['1']);
    answer.resolve(7);
    const event = await session.observe(cellId, LONG);
    assert.ok(event.type === 'completed');
    assert.deepEqual([event.failure, textsOf(event.items)], [null, ['7']]);
    assert.equal(sandbox.pidOf(session.symbol), pid);
    assert.equal(sandbox.stats.ended.stuck, 0);
  });

  it('is no hang, however long it computes', async () => {
    await using setup = await loneSession({ limits: { hangMs: 300 } });
    const source = 'for (const until = Date.now() + 1500; Date.now() < until; ); text(1)';
    const { failure, items } = await finishCell(setup.session, source);
    assert.deepEqual([failure, textsOf(items)], [null, ['1']]);
    assert.equal(setup.sandbox.pidOf(setup.session.symbol), setup.pid);
  });

  it('whose process is suspended is lost', async () => {
    await using setup = await loneSession({ limits: { hangMs: 300 } });
    const source = 'yield_control(); await tools.never()';
    const { cellId, first } = await setup.session.execute({ source, observe: LONG });
    await first;
    process.kill(setup.pid, 'SIGSTOP');
    const event = await setup.session.observe(cellId, LONG);
    assert.ok(event.type === 'completed');
    assert.match(
      event.failure?.text ?? '',
      /no sign of life for 300 ms \(hangMs\), and is in state T/,
    );
  });

  it('waits for whoever reads what it floods', async () => {
    await using setup = await loneSession();
    const source = `for (let at = 0; at < 2000; at += 1) text(String(at).padEnd(16_384));`;
    const { cellId, first } = await setup.session.execute({ source, observe: LONG });
    const texts: string[] = [];
    let event = await first;
    for (;;) {
      assert.ok(event.type === 'yielded' || event.type === 'completed');
      texts.push(...textsOf(event.items));
      if (event.type === 'completed') break;
      // Nobody takes anything meanwhile.
      await setTimeout(100);
      event = await setup.session.observe(cellId, LONG);
    }
    assert.deepEqual([event.failure, texts.length], [null, 2000]);
    assert.ok(texts.every((text, at) => Number(text) === at));
  });

  it('sends nothing more while its host has paused it, until it may go on', async () => {
    await using setup = await loneSession();
    const { sandbox, session } = setup;
    const calls = new RecordingCalls();
    const source = `await tools.go(); for (let n = 0; n < ${4 * SENT_AT_ONCE}; n += 1) text(n)`;
    const run = calls.runIn(sandbox, { ...PROGRAM, source }, session.symbol);
    await calls.until('call');
    run.pause();
    calls.toolCalls[0]?.answer(answered(1));
    await calls.until('text');
    // Long enough for all of it: a process starts meanwhile.
    const { session: other } = recordedSession(sandbox);
    for (let n = 0; n < 5; n += 1) await finishCell(other, 'text(1)');
    assert.ok(calls.all('text').length <= SENT_AT_ONCE, `${calls.all('text').length} texts`);
    run.unpause();
    assert.equal((await run.ended).failure, null);
    assert.equal(calls.all('text').length, 4 * SENT_AT_ONCE);
    await other.close();
  });

  it('can make ten thousand calls at once', async () => {
    await using setup = await loneSession();
    const source = `const all = await Promise.all(Array.from({ length: 10_000 }, (_, n) => tools.echo({ n })));
      text(all.every((each, at) => each.n === at) && all.length);`;
    assert.deepEqual(textsOf((await finishCell(setup.session, source)).items), ['10000']);
  });

  it('is one that makes calls one after another, not one that makes many at once', async () => {
    await using sandbox = processSandbox();
    const { session } = recordedSession(sandbox);
    const many = 'await Promise.all(Array.from({ length: 500 }, (_, n) => tools.echo(n)))';
    await finishCell(session, many);
    const pid = sandbox.pidOf(session.symbol)!;
    await setTimeout(100);
    assert.equal(hasWatch(pid), false);
    await finishCell(session, 'for (let n = 0; n < 100; n += 1) await tools.echo(n)');
    while (!hasWatch(pid)) await setTimeout(10);
    await session.close();
  });

  it('is one of a process that has started eight', async () => {
    await using sandbox = processSandbox();
    const { session } = recordedSession(sandbox);
    for (let n = 0; n < 7; n += 1) await finishCell(session, 'text(1)');
    const pid = sandbox.pidOf(session.symbol)!;
    assert.equal(hasWatch(pid), false);
    await finishCell(session, 'text(1)');
    while (!hasWatch(pid)) await setTimeout(10);
    await session.close();
  });

  it('is one at once in a process that the system ends with its host, which watches itself when it rests', async () => {
    const options: HostSandboxOptions = { endWithHost: endWithParent() };
    await using sandbox = new ProcessSandbox(options);
    const { session } = recordedSession(sandbox);
    await finishCell(session, '');
    while (!(await isAlone(sandbox, session)));
    const pid = sandbox.pidOf(session.symbol)!;
    assert.equal(hasWatch(pid), false);
    for (let n = 0; n < 20; n += 1) await finishCell(session, 'await tools.echo(1)');
    while (!hasWatch(pid)) await setTimeout(10);
    while (!(await isAlone(sandbox, session)));
    await session.close();
  });

  for (const [what, atOnce, wanted] of [
    ['is one that makes a few calls at once, again and again', 4, true],
    ['is not one that makes many calls at once, again and again', 32, false],
  ] as const) {
    it(what, async () => {
      await using sandbox = processSandbox();
      const { session } = recordedSession(sandbox);
      const calls = `Array.from({ length: ${atOnce} }, (_, n) => tools.echo(n))`;
      await finishCell(session, `for (let n = 0; n < 20; n += 1) await Promise.all(${calls})`);
      const pid = sandbox.pidOf(session.symbol)!;
      if (wanted) while (!hasWatch(pid)) await setTimeout(10);
      else await finishCell(session, COMPUTE);
      assert.equal(hasWatch(pid), wanted);
      await session.close();
    });
  }

  it('is watched by its process while its host is busy', async () => {
    await using setup = await loneSession({ spares: 0, limits: { maxProcessBytes: 256 * MIB } });
    const source = `yield_control(); const all = [];
      for (;;) {
        const buffer = new ArrayBuffer(1 << 22, { maxByteLength: 1 << 23 });
        new Uint8Array(buffer).fill(1);
        all.push(buffer);
      }`;
    const { cellId, first } = await setup.session.execute({ source, observe: LONG });
    await first;
    let peakBytes = 0;
    for (let bytes = 1; bytes > 0; ) {
      bytes = Number(readFileSync(`/proc/${setup.pid}/statm`, 'utf8').split(' ')[1]) * 4_096;
      peakBytes = Math.max(peakBytes, bytes);
    }
    assert.ok(peakBytes < 700 * MIB, `${peakBytes / MIB} MiB`);
    const event = await setup.session.observe(cellId, LONG);
    assert.ok(event.type === 'completed');
    assert.equal(event.failure?.kind, 'memory');
    assert.match(event.failure?.text ?? '', /limit of 256 MiB \(maxProcessBytes\)/);
  });

  it('is stopped by its host when it grows', async () => {
    await using setup = await loneSession({ limits: { maxProcessBytes: 256 * MIB } });
    const source = `const all = [];
      for (;;) all.push(new Uint8Array(new ArrayBuffer(1 << 20, { maxByteLength: 1 << 21 })).fill(1));`;
    const { failure } = await finishCell(setup.session, source);
    assert.equal(failure?.kind, 'memory');
    await untilGone(setup.pid);
  });

  for (const [how, options, cells] of [
    ['that watches itself', '{ aloneAfter: 1 }', 40],
    ['that the system ends', '{ endWithHost: endWithParent() }', 1],
  ] as const)
    it(`ends with its host while it spins, in a process ${how}`, async () => {
      const place = new URL('../../../sandbox/', import.meta.url);
      const script = `
      import { processSandbox, SessionRuntime } from ${JSON.stringify(new URL('cellhost.ts', place))};
      import { endWithParent } from ${JSON.stringify(new URL('process/end-with-parent.ts', place))};
      const sandbox = processSandbox(${options});
      const delegate = { async invokeTool() {}, async notify() {} };
      const session = new SessionRuntime({ sandbox, delegate });
      for (let n = 0; n < ${cells}; n += 1) {
        const source = 'await new Promise((go) => setTimeout(go, 5))';
        await (await session.execute({ source, observe: { yieldAfterMs: 60_000 } })).first;
      }
      const { first } = await session.execute({ source: 'for (;;);', observe: { yieldAfterMs: 50 } });
      await first;
      console.log(JSON.stringify(sandbox.pidOf(session.symbol)));
    `;
      const host = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(host.stdout, 'data')) as [Buffer];
      const pid = JSON.parse(line.toString()) as number;
      const before = processorMs(pid, 'main thread');
      for (let looks = 0; processorMs(pid, 'main thread') < before + 50; looks += 1) {
        assert.ok(looks < 1_000, 'the cell does not run on the main thread');
        await setTimeout(5);
      }
      assert.equal(hasWatch(pid), cells > 1);
      host.kill('SIGKILL');
      await untilGone(pid);
    });
});
