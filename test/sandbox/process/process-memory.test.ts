import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  type ProcessSandboxOptions,
  processSandbox,
} from '../../../sandbox/process/process-sandbox.ts';
import { residentBytes } from '../../../sandbox/process/resident-bytes.ts';
import type { StartedCell } from '../../../src/index.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';
import { untilGone } from '../../support/processes.ts';

/** Tells whoever waits that the program has started. */
const YIELD = 'yield_control();';
const LONG = { yieldAfterMs: 60_000 } as const;
const LATER = { yieldAfterMs: 300 } as const;
const LIMITS = { maxHeapBytes: 2 ** 31, maxProcessBytes: 640 << 20 };
/** Just over `maxProcessBytes`. */
const OVER_MIB = 655;
const UNSTOPPABLE = '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)';

/** Takes so many MiB that V8 counts. */
const take = (mib: number) =>
  `const taken = Array.from({ length: ${mib} }, () => new Uint8Array(1 << 20).fill(1));`;
/** Takes so many MiB that V8 does not count. */
const hide = (mib: number) =>
  `const hidden = new ArrayBuffer(0, { maxByteLength: 2 ** 30 }); hidden.resize(${mib} << 20);
  new Uint8Array(hidden).fill(1);`;
const WAIT = 'await new Promise((go) => setTimeout(go, 1e9))';
/** Slowly enough for a look at its memory between the limit and where the whole process is ended. */
const GROW = `for (const a = []; ; ) {
  a.push(new Uint8Array(1 << 21).fill(1));
  await new Promise((go) => setTimeout(go, 2));
}`;
const ANSWER = `text(await tools.next()); text('still here')`;

const residentMib = (pid: number | undefined) => Math.round(residentBytes(pid) / (1 << 20));

/** Where programs wait until the test lets all of them go on. */
class Gate {
  readonly #opened = Promise.withResolvers<string>();
  readonly #arrivals: (() => void)[] = [];

  enter(): Promise<string> {
    this.#arrivals.shift()?.();
    return this.#opened.promise;
  }

  /** Resolves when the next program has come. */
  arrival(): Promise<void> {
    return new Promise((resolve) => this.#arrivals.push(resolve));
  }

  open(): void {
    this.#opened.resolve('go on');
  }
}

/** A session whose programs wait at a tool until the test lets them go on. */
function waitingSession(options?: ProcessSandboxOptions) {
  const sandbox = processSandbox(options);
  const gate = new Gate();
  const { session } = recordedSession(sandbox, { onTool: { next: () => gate.enter() } });
  const pid = () => sandbox.pidOf(session.symbol);
  return {
    sandbox,
    session,
    gate,
    pid,
    /** Starts a program that does something and then waits. */
    async start(source: string) {
      const arrival = gate.arrival();
      const started = await session.execute({ source: `${source}\n${ANSWER}`, observe: LONG });
      await Promise.race([arrival, started.first]);
      return started;
    },
    /** A program that takes its process just over the limit, not so far that the whole process is ended. */
    exceed: () => take(OVER_MIB - residentMib(pid())),
    async finish(source: string) {
      const { first } = await session.execute({ source, observe: LONG });
      const event = await first;
      assert.ok(event.type === 'completed');
      return event;
    },
    /** Lets all programs go on, and shows that this one was left alone. */
    async checkAlive({ first }: StartedCell) {
      gate.open();
      const event = await first;
      assert.ok(event.type === 'completed' && event.failure === null, JSON.stringify(event));
      assert.deepEqual(textsOf(event.items).slice(-1), ['still here']);
    },
    async [Symbol.asyncDispose]() {
      gate.open();
      await session.close();
      await sandbox.close();
    },
  };
}

describe('A process over its limit on memory', { timeout: 60_000 }, () => {
  it('loses the one program that grows, and nothing else', async () => {
    await using setup = waitingSession({ limits: LIMITS });
    const beside = await setup.start('');
    const pid = setup.pid();
    const { failure } = await setup.finish(GROW);
    assert.equal(failure?.kind, 'memory');
    assert.match(
      failure?.text ?? '',
      /used most .* its sandbox process used \d+ MiB, the limit is 640 MiB \(maxProcessBytes\)$/,
    );
    assert.equal(setup.pid(), pid);
    assert.equal(setup.sandbox.stats.stoppedPrograms, 1);
    assert.equal(setup.sandbox.stats.ended.memory, 0);
    await setup.checkAlive(beside);
  });

  it('gets no other program afterwards, which could be stopped for what is not given back yet', async () => {
    await using setup = waitingSession({ limits: LIMITS });
    const beside = await setup.start('');
    const pid = setup.pid() as number;
    await setup.finish(GROW);
    const next = await setup.start('');
    process.kill(pid, 'SIGKILL');
    const lost = await beside.first;
    assert.ok(lost.type === 'completed' && lost.failure !== null);
    await setup.checkAlive(next);
  });

  it('is replaced when its last program has ended', async () => {
    await using setup = waitingSession({ limits: LIMITS });
    await setup.finish('text(1)');
    const pid = setup.pid() as number;
    const { failure } = await setup.finish(GROW);
    assert.match(failure?.text ?? '', /used most of the memory/);
    await untilGone(pid);
    await setup.checkAlive(await setup.start(''));
    assert.equal(setup.sandbox.stats.ended.worn, 1);
  });

  it('loses the heaviest of those that rest, where that is heavier than the one that grows', async () => {
    await using setup = waitingSession({ limits: LIMITS });
    const light = await setup.start(take(40));
    const heavy = await setup.start(take(300));
    const grown = await setup.start(setup.exceed());
    const event = await heavy.first;
    assert.ok(event.type === 'completed');
    assert.match(event.failure?.text ?? '', /used most of the memory/);
    await Promise.all([setup.checkAlive(light), setup.checkAlive(grown)]);
  });

  it('finds one that rests and holds what V8 does not count', async () => {
    await using setup = waitingSession({ limits: LIMITS });
    const light = await setup.start(take(60));
    const hidden = await setup.start(hide(300));
    const last = await setup.start(setup.exceed());
    const event = await hidden.first;
    assert.ok(event.type === 'completed');
    assert.match(event.failure?.text ?? '', /used most of the memory/);
    await Promise.all([setup.checkAlive(light), setup.checkAlive(last)]);
  });

  it('tells a program that grows from one that spins', async () => {
    await using setup = waitingSession({ limits: LIMITS });
    const spinning = await setup.session.execute({ source: 'for (;;);', observe: LATER });
    await spinning.first;
    const { failure } = await setup.finish(GROW);
    assert.match(failure?.text ?? '', /used most of the memory/);
    const [left] = await setup.session.cells();
    assert.equal(left?.cellId, spinning.cellId);
    assert.equal((await setup.session.terminate(spinning.cellId)).type, 'terminated');
  });

  it('is ended where the program that is stopped keeps its memory', async () => {
    await using setup = waitingSession({ limits: { ...LIMITS, stopMs: 10_000 } });
    await finishCell(setup.session, 'text(1)');
    const source = `${take(600 - residentMib(setup.pid()))} yield_control(); ${UNSTOPPABLE}`;
    const stuck = await setup.session.execute({ source, observe: LONG });
    await stuck.first;
    const last = await setup.start(take(70));
    const event = await last.first;
    assert.ok(event.type === 'completed');
    const stopped = await setup.session.observe(stuck.cellId);
    assert.ok(stopped.type === 'completed');
    assert.match(stopped.failure?.text ?? '', /used most of the memory/);
    assert.equal(event.failure?.kind, 'memory');
    assert.match(event.failure?.text ?? '', /stopped: its sandbox process used \d+ MiB/);
    assert.deepEqual(setup.sandbox.stats.ended.memory, 1);
  });

  it('is ended where it does not say which program is the heaviest', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
    const nodePath = join(folder, 'deaf');
    const grow =
      'const a = []; while (process.memoryUsage.rss() < 245 * 2 ** 20) a.push(Buffer.alloc(2 ** 20, 1));' +
      ' setInterval(() => a.length, 1e6)';
    writeFileSync(nodePath, `#!/bin/sh\nexec ${process.execPath} -e '${grow}'\n`);
    chmodSync(nodePath, 0o755);
    const limits = { maxProcessBytes: 240 << 20 };
    const sandbox = processSandbox({ nodePath, spares: 0, limits });
    const { session } = recordedSession(sandbox);
    const cells = [finishCell(session, 'text(1)'), finishCell(session, 'text(2)')];
    for (const { failure } of await Promise.all(cells)) {
      assert.match(failure?.text ?? '', /stopped: its sandbox process used \d+ MiB.*240 MiB/);
    }
    await session.close();
    await sandbox.close();
    rmSync(folder, { recursive: true });
  });
});

describe('All processes over their limit on memory', { timeout: 60_000 }, () => {
  it('keep no idle ones from three quarters of it on', async () => {
    const limits = { maxHeapBytes: 2 ** 31, maxTotalBytes: 600 << 20, idleMs: 600_000 };
    await using setup = waitingSession({ limits });
    const others = Array.from({ length: 4 }, () => recordedSession(setup.sandbox).session);
    const waits = others.map((session) => session.execute({ source: YIELD + WAIT, observe: LONG }));
    for (const wait of waits) await (await wait).first;
    await Promise.all(others.map((session) => session.close()));
    while (setup.sandbox.stats.programs > 0) await setImmediate();
    assert.ok(setup.sandbox.pids.length >= 4);
    const heavy = await setup.start(take(420));
    while (setup.sandbox.stats.processes > 2) await setImmediate();
    assert.ok(setup.sandbox.stats.ended.idle >= 2);
    await setup.checkAlive(heavy);
  });

  it('lose the heaviest program of the largest process', async () => {
    const limits = { maxHeapBytes: 2 ** 31, maxTotalBytes: 700 << 20 };
    await using setup = waitingSession({ limits });
    const other = recordedSession(setup.sandbox).session;
    const wait = `${take(20)} text('ready'); ${YIELD} await new Promise((go) => setTimeout(go, 1e9))`;
    const waiting = await other.execute({ source: wait, observe: LONG });
    await waiting.first;
    const beside = await setup.start('');
    const { failure } = await setup.finish(GROW);
    assert.match(
      failure?.text ?? '',
      /used most .* all sandbox processes used \d+ MiB, the limit is 700 MiB \(maxTotalBytes\)$/,
    );
    await setup.checkAlive(beside);
    assert.deepEqual(
      (await other.cells()).map(({ cellId }) => cellId),
      [waiting.cellId],
    );
    await other.close();
  });
});
