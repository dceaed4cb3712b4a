import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import {
  type ProcessSandboxOptions,
  processSandbox,
} from '../../../sandbox/process/process-sandbox.ts';
import { finishCell, recordedSession } from '../../support/finished-cell.ts';
import { untilGone } from '../../support/processes.ts';

const WAIT = 'await new Promise((go) => setTimeout(go, 1e9))';
/** Tells whoever waits that the program has started. */
const YIELD = 'yield_control();';
const LONG = { yieldAfterMs: 60_000 } as const;

/** A sandbox whose sessions each run something, or nothing yet. */
function manySessions(options?: ProcessSandboxOptions) {
  const sandbox = processSandbox(options);
  const sessions = Array.from({ length: 3 }, () => recordedSession(sandbox).session);
  return {
    sandbox,
    sessions,
    isolations: () => sessions.map(({ symbol }) => sandbox.isolationOf(symbol)),
    /** Starts a program that waits for ever. */
    async wait(at: number): Promise<string> {
      const { cellId, first } = await sessions[at]!.execute({
        source: YIELD + WAIT,
        observe: LONG,
      });
      await first;
      return cellId;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sessions.map((session) => session.close()));
      await sandbox.close();
    },
  };
}

describe('The isolation of a session', { timeout: 60_000 }, () => {
  it('is none but the engine in isolates of this process', async () => {
    await using sandbox = isolateSandbox();
    assert.equal(sandbox.isolation, 'engine');
  });

  it('is a process of its own as long as there are enough', async () => {
    await using setup = manySessions();
    assert.equal(setup.sandbox.isolation, 'process');
    for (const at of [0, 1, 2]) await setup.wait(at);
    assert.deepEqual(setup.isolations(), ['process', 'process', 'process']);
    assert.equal(setup.sandbox.stats.sharingSessions, 0);
  });

  it('is a shared process where there are no more, for all that share it', async () => {
    await using setup = manySessions({ limits: { maxProcesses: 2 } });
    await setup.wait(0);
    await setup.wait(1);
    assert.deepEqual(setup.isolations(), ['process', 'process', 'process']);
    const third = await setup.wait(2);
    const pids = setup.sessions.map(({ symbol }) => setup.sandbox.pidOf(symbol));
    const isShared = (at: number) => pids.filter((pid) => pid === pids[at]).length > 1;
    assert.deepEqual(
      setup.isolations(),
      [0, 1, 2].map((at) => (isShared(at) ? 'shared-process' : 'process')),
    );
    assert.equal(setup.sandbox.stats.sharingSessions, 2);
    await setup.sessions[2]!.terminate(third);
    assert.deepEqual(setup.isolations(), ['process', 'process', 'process']);
  });

  it('is shared with those that run least, so that a greedy session hurts itself first', async () => {
    await using setup = manySessions({ limits: { maxProcesses: 2 } });
    for (let n = 0; n < 5; n += 1) await setup.wait(0);
    for (const at of [1, 2]) await setup.wait(at);
    const last = recordedSession(setup.sandbox).session;
    await using _ = last;
    const { first } = await last.execute({ source: YIELD + WAIT, observe: LONG });
    await first;
    assert.deepEqual(setup.isolations(), ['process', 'shared-process', 'shared-process']);
    assert.equal(setup.sandbox.isolationOf(last.symbol), 'shared-process');
  });

  it('keeps programs of another session from being held up, however many spin', async () => {
    await using setup = manySessions();
    const spins = Array.from({ length: 32 }, () => ({
      source: `${YIELD}for (;;);`,
      observe: LONG,
    }));
    await Promise.all(spins.map((request) => setup.sessions[0]!.execute(request)));
    for (let n = 0; n < 5; n += 1) {
      const { items } = await finishCell(setup.sessions[1]!, `text(${n})`);
      assert.equal(items.length, 1);
    }
  });

  it('is a shared process where sessions share from the start', async () => {
    await using setup = manySessions({ spares: 0, sessionsPerProcess: 2 });
    for (const at of [0, 1, 2]) await setup.wait(at);
    assert.deepEqual(setup.isolations(), ['shared-process', 'shared-process', 'process']);
  });

  it('leaves no values of a session with others when it has gone', async () => {
    await using setup = manySessions({ limits: { maxProcesses: 1 } });
    await setup.wait(0);
    await finishCell(setup.sessions[1]!, `store('kept', 1)`);
    await finishCell(setup.sessions[1]!, `text(load('kept'))`);
    assert.deepEqual(setup.isolations(), ['process', 'process', 'process']);
    assert.equal(setup.sandbox.pidOf(setup.sessions[1]!.symbol), undefined);
  });

  it('of one that runs nothing is what it would be with a process to itself', () => {
    const sandbox = processSandbox({ spares: 0 });
    assert.equal(sandbox.isolationOf(Symbol('unknown')), 'process');
  });
});

describe('Many sessions that begin at once', { timeout: 60_000 }, () => {
  it('are served by fewer processes, as those that were first are over', async () => {
    await using sandbox = processSandbox();
    const sessions = Array.from({ length: 40 }, () => recordedSession(sandbox).session);
    const cells = sessions.map((session) => finishCell(session, 'text(1)'));
    await new Promise((resolve) => setImmediate(resolve));
    const { waitingSessions, processes } = sandbox.stats;
    assert.ok(waitingSessions > 0 && waitingSessions + processes >= 40);
    for (const { failure } of await Promise.all(cells)) assert.equal(failure, null);
    assert.ok(sandbox.stats.processes < 40, `${sandbox.stats.processes} processes`);
    assert.equal(sandbox.stats.waitingSessions, 0);
    await Promise.all(sessions.map((session) => session.close()));
  });

  it('each get a process where they go on, and can be terminated while they wait', async () => {
    await using sandbox = processSandbox();
    const sessions = Array.from({ length: 12 }, () => recordedSession(sandbox).session);
    const source = `yield_control(); await new Promise((go) => setTimeout(go, 1e9))`;
    const started = await Promise.all(sessions.map((session) => session.execute({ source })));
    assert.ok(sandbox.stats.waitingSessions > 0);
    assert.equal((await sessions[11]!.terminate('1')).type, 'terminated');
    for (const { first } of started.slice(0, 11)) assert.equal((await first).type, 'yielded');
    assert.equal(sandbox.stats.sharingSessions, 0);
    const pids = sessions.slice(0, 11).map(({ symbol }) => sandbox.pidOf(symbol));
    assert.equal(new Set(pids).size, 11);
    await Promise.all(sessions.map((session) => session.close()));
  });

  it('are told where the sandbox is closed while they wait', async () => {
    const sandbox = processSandbox();
    const sessions = Array.from({ length: 12 }, () => recordedSession(sandbox).session);
    const cells = sessions.map((session) => finishCell(session, 'text(1)'));
    await new Promise((resolve) => setImmediate(resolve));
    await sandbox.close();
    const ends = await Promise.all(cells);
    assert.ok(ends.some(({ failure }) => /was closed$/.test(failure?.text ?? '')));
    for (const { failure } of ends) assert.equal(failure?.kind, 'sandbox_failed');
  });
});

describe('The counts of a process sandbox', { timeout: 60_000 }, () => {
  it('begin with as many processes as are to be spare, and no more', async () => {
    for (const spares of [0, 1, 2]) {
      await using sandbox = processSandbox({ spares });
      assert.equal(sandbox.stats.processes, spares);
    }
  });

  it('tell processes, spares and programs', async () => {
    await using setup = manySessions({ spares: 2 });
    const { processes, spares, programs } = setup.sandbox.stats;
    assert.deepEqual({ processes, spares, programs }, { processes: 2, spares: 2, programs: 0 });
    await setup.wait(0);
    await setup.wait(0);
    await setup.wait(1);
    assert.equal(setup.sandbox.stats.programs, 3);
    const { stats } = setup.sandbox;
    assert.equal(stats.processes - stats.spares, 2);
  });

  it('tell why processes ended', async () => {
    await using setup = manySessions({ limits: { stopMs: 50, maxProgramsPerProcess: 3 } });
    const { sandbox, sessions } = setup;
    const [first, second, third] = sessions;
    const endOf = async (cell: Promise<unknown>, symbol: symbol) => {
      const pid = sandbox.pidOf(symbol);
      await cell;
      assert.ok(pid !== undefined);
      await untilGone(pid);
    };
    await finishCell(first!, `text('x'.repeat(2 ** 28).split('').length)`);
    const source = '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)';
    const stuck = await second!.execute({ source: YIELD + source, observe: LONG });
    await stuck.first;
    await endOf(second!.terminate(stuck.cellId), second!.symbol);
    const victim = await third!.execute({ source: WAIT, observe: LONG });
    await finishCell(third!, 'text(1)');
    process.kill(sandbox.pidOf(third!.symbol)!, 'SIGKILL');
    await victim.first;
    const { ended } = sandbox.stats;
    assert.deepEqual([ended.crashed, ended.stuck, ended.memory], [2, 1, 0]);
    const fresh = recordedSession(sandbox).session;
    for (let n = 0; n < 9; n += 1) await finishCell(fresh, 'text(1)');
    assert.ok(sandbox.stats.ended.worn >= 1);
    await fresh.close();
    await finishCell(recordedSession(sandbox).session, 'text(1)');
    await sandbox.close();
    assert.ok(sandbox.stats.ended.closed >= 1);
    assert.equal(sandbox.stats.processes, 0);
  });
});
