import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { Bench } from 'tinybench';
import { cooperative, stubborn, throwing } from './support/crowd.ts';
import {
  benchOptions,
  type Measurement,
  measured,
  type Pace,
  type Timed,
} from './support/measurement.ts';
import { isolatePlace, type Place, processPlace } from './support/rig.ts';
import { DEADLINE_MS, underWay } from './support/shutdown.ts';

const SIZES = [100, 1_000, 10_000];
const MANNERS = [cooperative, throwing, stubborn];
/** How often the event loop is checked, in milliseconds. */
const RESOLUTION_MS = 1;

/** For how long is the event loop of the embedding process blocked while a cell is ended? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const limits = { maxPendingNotifications: Math.max(...SIZES) };
  await using isolates = isolatePlace(limits);
  await using processes = processPlace(limits);
  const found: Measurement[] = [];
  for (const place of [isolates, processes]) found.push(...(await measureIn(place, pace)));
  return found;
}

async function measureIn(place: Place, pace: Pace): Promise<readonly Measurement[]> {
  const title = `longest standstill of the event loop during terminate(), ${place.name}`;
  const bench = new Bench(benchOptions(title, pace, { samples: 5, warmups: 1 }));
  const rows = MANNERS.flatMap((manner) => SIZES.map((perCell) => ({ manner, perCell })));
  for (const { manner, perCell } of rows) {
    bench.add(`${perCell} callbacks, ${manner.name}`, async () => {
      await using ready = await underWay(place, { manner, of: 'tools', perCell }, 1, 'terminate');
      return await standstill(() => ready.end());
    });
  }
  bench.add('nothing happens', async () => standstill(() => setTimeout(DEADLINE_MS)));
  const found = await measured(bench);
  return found.map((measurement, n) => {
    const row = rows[n];
    if (row === undefined) return measurement;
    const { manner, perCell } = row;
    const dimensions = { callbacks: perCell, manner: manner.name, place: place.name };
    return { ...measurement, dimensions, fixed: RESOLUTION_MS };
  });
}

/** The sample is the longest time between two turns of the loop. */
async function standstill(work: () => Promise<unknown>): Promise<Timed> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const start = performance.now();
  histogram.enable();
  // It measures from its second tick on.
  await setTimeout(4 * RESOLUTION_MS);
  histogram.reset();
  await work();
  // One turn after the last, so that its delay counts, too.
  await setTimeout(4 * RESOLUTION_MS);
  histogram.disable();
  const overriddenIterationCost = performance.now() - start;
  return { overriddenDuration: histogram.max / 1e6, overriddenIterationCost };
}
