import type { Delegate } from '../src/delegate.ts';
import { treeMiB } from './peers/process-tree.ts';
import {
  check,
  elapsedMs,
  type Measurement,
  type Pace,
  summary,
  type Unit,
} from './support/measurement.ts';
import {
  isolatePlace,
  type Place,
  type PlacedSession,
  processPlace,
  textOf,
} from './support/rig.ts';
import { settled } from './support/settled-memory.ts';

const SIZES = [1, 10, 100, 1_000];
const SIZES_ONCE = [1, 10];
const SAMPLES = 20;
/** A thousand cells of one session share a sandbox process. */
const MAX_PROCESS_BYTES = 4 * 2 ** 30;

/** How much do one to a thousand running cells slow down the next cell, and how much memory do they hold? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using isolates = isolatePlace();
  await using processes = processPlace({
    maxProcessBytes: MAX_PROCESS_BYTES,
    maxTotalBytes: MAX_PROCESS_BYTES,
  });
  const found: Measurement[] = [];
  for (const place of [isolates, processes]) found.push(...(await measureIn(place, pace)));
  return found;
}

async function measureIn(place: Place, pace: Pace): Promise<readonly Measurement[]> {
  const sizes = pace === 'once' ? SIZES_ONCE : SIZES;
  const delegate: Delegate = { invokeTool: () => new Promise(() => {}), notify: async () => {} };
  const limits = { maxLiveCells: Math.max(...sizes) + 1 };
  await using placed = await place.openSession({ delegate, tools: ['forever'], limits });
  check('A first cell', await textOf(placed.session, 'text("ready")'), 'ready');
  const before = await settled(() => treeMiB(process.pid));
  const found: Measurement[] = [];
  const add = (group: string, live: number, unit: Unit, samples: readonly number[]) => {
    const measurement = summary(`${group}, ${place.name}`, `${live} live`, unit, samples);
    found.push({ ...measurement, dimensions: { live, place: place.name, of: 'cells' } });
  };
  let live = 0;
  for (const size of sizes) {
    const starts: number[] = [];
    for (; live < size; live += 1) starts.push(await elapsedMs(() => startWaiting(placed)));
    add('a further cell that stays, to its first standstill', size, 'ms', starts);
    add('text(1 + 1) beside live cells', size, 'ms', await sampleCells(placed, pace));
    const held = (await settled(() => treeMiB(process.pid))) - before;
    // The memory of ten cells is lost in the noise of the allocator.
    if (size >= 100) add('memory of each live cell', size, 'MiB', [held / size]);
  }
  check('Live cells', (await placed.session.cells()).length, live);
  add('close() with live cells', live, 'ms', [await elapsedMs(() => placed.session.close())]);
  return found;
}

async function startWaiting({ session }: PlacedSession): Promise<void> {
  const source = 'await tools.forever();';
  const { first } = await session.execute({ source, observe: { pending: true } });
  check('The first event', (await first).type, 'pending');
}

async function sampleCells({ session }: PlacedSession, pace: Pace): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let n = 0; n < (pace === 'once' ? 2 : SAMPLES); n += 1) {
    samples.push(
      await elapsedMs(async () => check('1 + 1', await textOf(session, 'text(1 + 1)'), '2')),
    );
  }
  return samples;
}
