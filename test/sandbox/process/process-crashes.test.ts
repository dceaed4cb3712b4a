import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { childStreams } from '../../../sandbox/process/child-files.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import type { SessionRuntime } from '../../../src/runtime/session-runtime.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';
import { descendants } from '../../support/processes.ts';

/** More of them with `CELLHOST_CRASH_ROUNDS`. */
const ROUNDS = Number(process.env.CELLHOST_CRASH_ROUNDS ?? 12);
const MIB = 1 << 20;
/** Rounds before the first look: memory for the code that runs is taken meanwhile. */
const WARM_ROUNDS = Math.min(100, ROUNDS / 2);

const LONG = { yieldAfterMs: 60_000 } as const;
const UNSTOPPABLE = '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)';
const CRASH = `text('x'.repeat(2 ** 28).split('').length)`;

type Setup = { readonly session: SessionRuntime; pid(): number | undefined };

/** Ways to lose a sandbox process. */
const ENDS: readonly ((setup: Setup) => Promise<void>)[] = [
  async ({ session }) => {
    const { failure } = await finishCell(session, CRASH);
    assert.equal(failure?.kind, 'memory');
  },
  async ({ session, pid }) => {
    const waiting = `store('left', 1); yield_control(); await new Promise((go) => setTimeout(go, 1e9))`;
    const { cellId, first } = await session.execute({ source: waiting });
    await first;
    const victim = pid();
    assert.ok(victim !== undefined);
    process.kill(victim, 'SIGKILL');
    const event = await session.observe(cellId, LONG);
    assert.ok(event.type === 'completed' && event.failure?.kind === 'lost');
  },
  async ({ session }) => {
    const source = `yield_control(); ${UNSTOPPABLE}`;
    const { cellId, first } = await session.execute({ source, observe: LONG });
    await first;
    assert.equal((await session.terminate(cellId)).type, 'terminated');
  },
];

function openFiles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}

describe('Crash after crash', { timeout: 120_000 + 1_000 * ROUNDS }, () => {
  it(`${ROUNDS} times costs neither values nor processes, files or memory`, async (t) => {
    childStreams(); // It keeps one file for the descriptors that this process inherited.
    const before = { processes: descendants().length, files: openFiles() };
    const sandbox = processSandbox({ limits: { stopMs: 50 } });
    const { session } = recordedSession(sandbox);
    const other = recordedSession(sandbox).session;
    const waiting = {
      source: 'yield_control(); await new Promise((go) => setTimeout(go, 1e9))',
      observe: LONG,
    };
    const witness = await other.execute(waiting);
    await witness.first;
    const setup = { session, pid: () => sandbox.pidOf(session.symbol) };
    let warmBytes = process.memoryUsage.rss();
    for (let round = 1; round <= ROUNDS; round += 1) {
      await finishCell(session, `store('round', ${round})`);
      await ENDS[round % ENDS.length]!(setup);
      const { items } = await finishCell(session, `text(load('round'))`);
      assert.deepEqual(textsOf(items), [String(round)]);
      if (round <= WARM_ROUNDS) warmBytes = process.memoryUsage.rss();
    }
    const grownMib = (process.memoryUsage.rss() - warmBytes) / MIB;
    const [left] = await other.cells();
    assert.equal(left?.cellId, witness.cellId);
    const { crashed, stuck } = sandbox.stats.ended;
    assert.ok(crashed >= Math.floor((ROUNDS * 2) / 3), `${crashed} crashed`);
    await Promise.all([session.close(), other.close()]);
    await sandbox.close();
    while (openFiles() > before.files) await setImmediate();
    assert.equal(descendants().length, before.processes);
    assert.ok(grownMib < 64, `memory grew by ${Math.round(grownMib)} MiB`);
    t.diagnostic(
      `${crashed} crashed, ${stuck} stuck, ${openFiles() - before.files} files and ` +
        `${descendants().length - before.processes} processes more, ${grownMib.toFixed(1)} MiB grown`,
    );
  });
});
