import { setTimeout } from 'node:timers/promises';
import type { RunningCell } from './peer.ts';
import { treeMiB } from './process-tree.ts';
import {
  expectAnswer,
  type Ground,
  Never,
  startProgram,
  type Task,
  TimedOut,
  within,
} from './task.ts';
import { echo, never } from './tools.ts';

const LIVE = 50;
const SETTLE_MS = 300;
/** What a hostile program may take of the machine before the bench puts an end to it. */
const MAX_MIB = 6_000;
const BOMB_MS = 6_000;
const BOMB_LIMIT_MS = 5_000;
const WITNESS_MS = 3_000;
const STOP_MS = 3_000;

/** What live cells hold, and what one that allocates without end does to the others. */
export const memoryTasks: readonly Task[] = [
  {
    id: 'memory',
    title: 'memory of a live cell that waits for a tool',
    unit: 'MiB',
    maxSeconds: 30,
    run: (ground) => memoryOfCells(ground, ground.quick ? LIVE / 2 : LIVE),
  },
  {
    id: 'bomb',
    title: 'a cell that fills a Map without end, beside an innocent session: peak memory',
    unit: 'MiB',
    maxSeconds: 30,
    run: bomb,
  },
];

async function memoryOfCells({ peer }: Ground, count: number) {
  const before = await settledMiB();
  const cells: RunningCell[] = [];
  for (let n = 0; n < count; n += 1) {
    cells.push(startProgram(peer, 'await CALL({});', '0', never));
    await setTimeout(10);
  }
  const failed = Promise.race(cells.map(({ answer }) => answer));
  const failure = failed.then(
    () => new Error('A cell ended that should wait'),
    (error: unknown) => error,
  );
  const early = await Promise.race([failure, setTimeout(1_000, null)]);
  if (early !== null) throw early;
  return { samples: [((await settledMiB()) - before) / count], remark: `${count} cells` };
}

async function settledMiB(): Promise<number> {
  await setTimeout(SETTLE_MS);
  return treeMiB(process.pid);
}

/**
 * An innocent session computes all the while, and has a cell that waits for a tool; both must go on
 * as if nothing were, and the hostile cell must end, by itself or by the peer's means of stopping.
 */
async function bomb({ peer }: Ground) {
  const gate = Promise.withResolvers<unknown>();
  const waiting = startProgram(
    peer,
    'const { n } = await CALL({});',
    'n',
    { kind: 'never', run: () => gate.promise },
    { session: 'second' },
  );
  const source = 'const m = new Map(); let i = 0; for (;;) m.set(i++, i);';
  const hostile = startProgram(peer, source, '0', echo, {
    session: 'first',
    ...(peer.hasTimeLimit ? { limitMs: BOMB_LIMIT_MS } : {}),
  });
  let end: string | null = null;
  hostile.answer.then(
    () => {
      end = 'without an error';
    },
    (error: unknown) => {
      end = String(error).split('\n')[0]?.slice(0, 120) ?? '';
    },
  );
  let peak = 0;
  let slowest = 0;
  for (const until = performance.now() + BOMB_MS; performance.now() < until; ) {
    const started = performance.now();
    const witness = startProgram(peer, '', '1 + 1', echo, { session: 'second' });
    await within(expectAnswer(witness, 2), WITNESS_MS, 'The innocent session');
    slowest = Math.max(slowest, performance.now() - started);
    if (slowest > WITNESS_MS)
      throw new TimedOut(`The innocent session waited ${Math.round(slowest)} ms`);
    peak = Math.max(peak, treeMiB(process.pid));
    if (peak > MAX_MIB) throw new Error(`It had taken ${Math.round(peak)} MiB`);
    if (end !== null) break;
    await setTimeout(30);
  }
  if (end === null) {
    if (hostile.stop === undefined) throw new Never('Nothing stops the hostile cell');
    await within(hostile.stop(), STOP_MS, 'The stop call', Never);
    end = 'stopped by us';
  }
  if (peer.toolsRunHere) {
    gate.resolve({ n: 42 });
    await within(expectAnswer(waiting, 42), WITNESS_MS, 'The innocent cell that waited');
  }
  return {
    samples: [peak],
    remark: `ended: ${end}; slowest innocent cell ${Math.round(slowest)} ms`,
  };
}
