import { setTimeout } from 'node:timers/promises';
import { besideInnocent } from './beside-innocent.ts';
import type { RunningCell } from './peer.ts';
import { treeMiB } from './process-tree.ts';
import { type Ground, startProgram, type Task } from './task.ts';
import { echo, never } from './tools.ts';

const LIVE = 50;
const SETTLE_MS = 300;
/** A peer has prepared what it does when its memory has been level for so long. */
const PREPARED_MS = 700;
const LEVEL_MIB = 1;
/** How much memory a hostile program may take before the bench stops it. */
const MAX_MIB = 6_000;
const BOMB_MS = 6_000;
const BOMB_LIMIT_MS = 5_000;

/** How much memory running cells hold, and what an endless allocation does to other cells. */
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

/** Excludes what a peer prepares when its first cell waits, such as a spare process. */
async function memoryOfCells({ peer }: Ground, count: number) {
  const cells: RunningCell[] = [];
  const wait = () => cells.push(startProgram(peer, 'await CALL({});', '0', never));
  wait();
  const before = await levelMiB();
  for (let n = 0; n < count; n += 1) {
    wait();
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

/** The limit of the task ends the wait for one that never is. */
async function levelMiB(): Promise<number> {
  for (let before = await settledMiB(); ; ) {
    await setTimeout(PREPARED_MS);
    const now = await settledMiB();
    if (Math.abs(now - before) < LEVEL_MIB) return now;
    before = now;
  }
}

async function settledMiB(): Promise<number> {
  await setTimeout(SETTLE_MS);
  return treeMiB(process.pid);
}

/** A cell that allocates without end. */
async function bomb({ peer }: Ground) {
  const { peakMiB, slowestMs, end } = await besideInnocent(peer, {
    source: 'const m = new Map(); let i = 0; for (;;) m.set(i++, i);',
    tool: echo,
    forMs: BOMB_MS,
    limitMs: BOMB_LIMIT_MS,
    maxMiB: MAX_MIB,
  });
  return {
    samples: [peakMiB],
    remark: `ended: ${end}; slowest innocent cell ${Math.round(slowestMs)} ms`,
  };
}
