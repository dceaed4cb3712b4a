import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ProcessSandboxOptions,
  processSandbox,
} from '../../../sandbox/process/process-sandbox.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';

const CROWD = 40;
const LONG = { yieldAfterMs: 60_000 } as const;
const PENDING = { pending: true } as const;
const WAIT = 'await new Promise((go) => setTimeout(go, 1e9))';

/** A sandbox with two processes that are ready and do nothing, and a session that has run nothing. */
async function twoIdleProcesses(options?: ProcessSandboxOptions) {
  const sandbox = processSandbox(options);
  const early = [recordedSession(sandbox).session, recordedSession(sandbox).session];
  const started = await Promise.all(
    early.map((session) => session.execute({ source: WAIT, observe: PENDING })),
  );
  for (const { first } of started) await first;
  await Promise.all(early.map((session) => session.close()));
  while (sandbox.stats.programs > 0) await new Promise((resolve) => setImmediate(resolve));
  const { session } = recordedSession(sandbox);
  return {
    sandbox,
    session,
    /** Starts many programs that wait, and kills a process they run in; how many that ended. */
    async countLost(): Promise<number> {
      const sources = Array.from({ length: CROWD }, () => ({ source: WAIT, observe: PENDING }));
      const all = await Promise.all(sources.map((request) => session.execute(request)));
      await Promise.all(all.map(({ first }) => first));
      const rests = all.map(({ cellId }) => session.observe(cellId, LONG));
      process.kill(sandbox.pidOf(session.symbol)!, 'SIGKILL');
      const [event] = await Promise.all([Promise.race(rests)]);
      assert.ok(event.type === 'completed' && event.failure?.kind === 'lost');
      const left = (await session.cells()).filter(({ phase }) => phase !== 'completed');
      for (const { cellId } of left) await session.terminate(cellId);
      return CROWD - left.length;
    },
    async [Symbol.asyncDispose]() {
      await session.close();
      await sandbox.close();
    },
  };
}

describe('Many programs of one session at once', { timeout: 60_000 }, () => {
  it('run in a second process too, where one is to spare', async () => {
    await using setup = await twoIdleProcesses();
    const lost = await setup.countLost();
    assert.ok(lost > 0 && lost < CROWD, `${lost} of ${CROWD} were lost`);
  });

  it('all see the stored values, and what they store is kept', async () => {
    await using setup = await twoIdleProcesses();
    await finishCell(setup.session, `store('kept', 42)`);
    const cells = Array.from({ length: CROWD }, (_, n) =>
      finishCell(setup.session, `text(load('kept')); store('${n}', ${n})`),
    );
    for (const { items } of await Promise.all(cells)) assert.deepEqual(textsOf(items), ['42']);
    const check = `let sum = 0; for (let n = 0; n < ${CROWD}; n++) sum += load(String(n)); text(sum)`;
    const { items } = await finishCell(setup.session, check);
    assert.deepEqual(textsOf(items), [String((CROWD * (CROWD - 1)) / 2)]);
  });

  it('find a second process the next time, where there was none', async () => {
    await using sandbox = processSandbox();
    const { session } = recordedSession(sandbox);
    const crowd = () =>
      Promise.all(Array.from({ length: CROWD }, () => finishCell(session, 'text(1)')));
    await crowd();
    while (sandbox.stats.spares < 2) await new Promise((resolve) => setImmediate(resolve));
    await crowd();
    assert.equal(sandbox.stats.processes, 2);
    await session.close();
  });

  it('stay in one process where that leaves none for others', async () => {
    await using setup = await twoIdleProcesses({ limits: { maxProcesses: 2 } });
    assert.equal(await setup.countLost(), CROWD);
  });

  it('stay in one process where sessions share processes', async () => {
    await using setup = await twoIdleProcesses({ spares: 2, sessionsPerProcess: 2 });
    assert.equal(await setup.countLost(), CROWD);
  });

  it('leave the second process to others when they are over', async () => {
    await using setup = await twoIdleProcesses();
    const cells = Array.from({ length: CROWD }, () => finishCell(setup.session, 'text(1)'));
    await Promise.all(cells);
    const others = Array.from({ length: 2 }, () => recordedSession(setup.sandbox).session);
    for (const other of others) {
      const { first } = await other.execute({ source: WAIT, observe: PENDING });
      await first;
      assert.equal(setup.sandbox.isolationOf(other.symbol), 'process');
    }
    await Promise.all(others.map((other) => other.close()));
  });
});

describe('Many cells of many sessions that are closed at once', { timeout: 60_000 }, () => {
  const SESSIONS = 6;
  const CELLS = 20;
  /** Cells that wait, that go on by themselves, and that call. */
  const SOURCES = [
    'await tools.never()',
    'yield_control(); for (;;) await new Promise((go) => setTimeout(go, 1))',
    'yield_control(); for (;;) { tools.echo(1); await new Promise((go) => setTimeout(go, 1)) }',
  ];

  it('are all stopped soon, and their processes stay', async () => {
    await using sandbox = processSandbox();
    const sessions = Array.from({ length: SESSIONS }, () => recordedSession(sandbox).session);
    for (const session of sessions) {
      for (let n = 0; n < CELLS; n += 1) {
        const source = SOURCES[n % SOURCES.length]!;
        await (await session.execute({ source, observe: PENDING })).first;
      }
    }
    assert.equal(sandbox.stats.programs, SESSIONS * CELLS);
    await Promise.all(sessions.map((session) => session.close()));
    while (sandbox.stats.programs > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const { stuck, garbled, memory, silent, crashed } = sandbox.stats.ended;
    assert.deepEqual([stuck, garbled, memory, silent, crashed], [0, 0, 0, 0, 0]);
  });
});
