import type { Delegate } from '../src/delegate.ts';
import { check, type Measurement, type Pace, summary } from './support/measurement.ts';
import { openRig, type Rig, textOf } from './support/rig.ts';
import { residentMiB, settled } from './support/settled-memory.ts';

const FEW = 100;
const MANY = 500;
/** How often the same cells are started and closed again, to distinguish retained memory from leaks. */
const FURTHER_ROUNDS = 4;
/** A waiting cell that takes more leaks. */
const MAX_MIB_PER_CELL = 16;
/** What all further rounds may retain per cell: fragmentation, but no cell. */
const MAX_FURTHER_MIB = 1;

const GROUP = 'resident memory of the process; its cells wait for a tool';

/** How much memory does a running cell hold, and how much remains after its end? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const atStart = residentMiB();
  const atFirstCell = await settledAfter(async ({ session }) => {
    check('A first cell', await textOf(session, 'text("ready")'), 'ready');
  });
  const found = [
    inMiB('before anything else', atStart),
    inMiB('after one cell', atFirstCell),
    ...(await measureLive(atFirstCell)),
  ];
  if (pace === 'once') return found;
  const before = residentMiB();
  let after = before;
  for (let n = 0; n < FURTHER_ROUNDS; n += 1) {
    after = await settledAfter((rig) => startCells(rig, MANY));
  }
  const further = (after - before) / MANY;
  if (further > MAX_FURTHER_MIB) throw new Error(`Cells leak: ${further} MiB each`);
  return [...found, inMiB(`more left after ${FURTHER_ROUNDS} further times ${MANY}`, further)];
}

async function measureLive(before: number): Promise<readonly Measurement[]> {
  let few = 0;
  let many = 0;
  const after = await settledAfter(async (rig) => {
    await startCells(rig, FEW);
    few = ((await settledMiB()) - before) / FEW;
    await startCells(rig, MANY - FEW);
    many = ((await settledMiB()) - before) / MANY;
    check('Live cells', (await rig.session.cells()).length, MANY);
  });
  for (const each of [few, many]) {
    if (!(each > 0 && each < MAX_MIB_PER_CELL)) throw new Error(`A live cell takes ${each} MiB`);
  }
  return [
    inMiB(`each of ${FEW} live cells`, few),
    inMiB(`each of ${MANY} live cells`, many),
    inMiB(`left of each of ${MANY} after close()`, (after - before) / MANY),
  ];
}

/** The resident memory after `work` in a session that was closed again. */
async function settledAfter(work: (rig: Rig) => Promise<void>): Promise<number> {
  const delegate: Delegate = { invokeTool: () => new Promise(() => {}), notify: async () => {} };
  const limits = { maxLiveCells: MANY };
  {
    await using rig = openRig({ delegate, tools: ['forever'], sandbox: { reserve: 0 }, limits });
    await work(rig);
  }
  return settledMiB();
}

/** Starts cells, each of which waits for ever. */
async function startCells({ session }: Rig, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const { first } = await session.execute({
      source: 'await tools.forever();',
      observe: { pending: true },
    });
    check('The first event', (await first).type, 'pending');
  }
}

function settledMiB(): Promise<number> {
  return settled(residentMiB);
}

function inMiB(name: string, value: number): Measurement {
  return summary(GROUP, name, 'MiB', [value]);
}
