import { setImmediate, setTimeout } from 'node:timers/promises';
import { Cancelled } from '../src/errors.ts';
import { Crowd, cooperative, type Manner, slow, throwing } from './support/crowd.ts';
import { check, elapsedMs, type Measurement, type Pace, summary } from './support/measurement.ts';
import { processorMicros } from './support/processor-time.ts';
import { isolatePlace, type Place } from './support/rig.ts';
import { underWay } from './support/shutdown.ts';

const SIZES: Record<Pace, number> = { full: 10_000, once: 100 };
const ROUNDS: Record<Pace, number> = { full: 9, once: 1 };
const SESSIONS: Record<Pace, number> = { full: 300, once: 10 };
const MANNERS: readonly Manner[] = [cooperative, throwing, slow(10)];
/** Garbage of the work before is collected meanwhile. */
const REST_MS = 20;

/** How much processor time does ending callbacks take, and how much do bare controllers and promises take for the same? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const size = SIZES[pace];
  await using place = isolatePlace({ maxPendingNotifications: size });
  const found: Measurement[] = [];
  for (const manner of MANNERS) found.push(...(await measureManner(place, pace, manner, size)));
  return [...found, await measureSessions(place, pace)];
}

/** Cells and bare controllers take turns, so that a busy machine disturbs both. */
async function measureManner(place: Place, pace: Pace, manner: Manner, size: number) {
  const cells: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS[pace]; round += 1) {
    cells.push(await cellMs(place, manner, size));
    bare.push(await bareMs(manner, size));
  }
  const group = `processor time to end ${size} callbacks, ${place.name}`;
  return [
    summary(group, `${manner.name}, a cell`, 'ms', cells),
    summary(group, `${manner.name}, bare controllers`, 'ms', bare),
  ];
}

async function cellMs(place: Place, manner: Manner, size: number): Promise<number> {
  const mix = { manner, of: 'tools', perCell: size } as const;
  await using ready = await underWay(place, mix, 1, 'terminate');
  await setTimeout(REST_MS);
  return await processorMs(() => ready.end());
}

/** The least that as many callbacks need which are aborted one by one, each with a signal of its own. */
async function bareMs(manner: Manner, size: number): Promise<number> {
  const crowd = new Crowd(manner, size);
  const controllers = Array.from({ length: size }, () => new AbortController());
  let over = 0;
  const { promise: allOver, resolve } = Promise.withResolvers<void>();
  const ended = () => {
    over += 1;
    if (over === size) resolve();
  };
  for (const { signal } of controllers) crowd.invokeTool(null, signal).then(ended, ended);
  await setTimeout(REST_MS);
  return await processorMs(async () => {
    const reason = new Cancelled('terminate');
    for (const controller of controllers) controller.abort(reason);
    await allOver;
    check('Callbacks that ended', over, size);
  });
}

async function processorMs(work: () => Promise<unknown>): Promise<number> {
  const before = processorMicros(process.pid);
  await work();
  return (processorMicros(process.pid) - before) / 1_000;
}

/** Sessions with one cell and one callback each. */
async function measureSessions(place: Place, pace: Pace): Promise<Measurement> {
  const count = SESSIONS[pace];
  const samples: number[] = [];
  for (let round = 0; round < Math.ceil(ROUNDS[pace] / 3); round += 1) {
    const crowd = new Crowd(cooperative, count);
    const placed = await Promise.all(
      Array.from({ length: count }, () => place.openSession({ delegate: crowd, tools: ['hang'] })),
    );
    for (const { session } of placed) {
      await session.execute({ source: 'await tools.hang()', observe: { yieldAfterMs: 0 } });
    }
    await crowd.complete();
    await setImmediate();
    samples.push(await elapsedMs(() => Promise.all(placed.map(({ session }) => session.close()))));
  }
  const group = `sessions with one callback each, closed together, ${place.name}`;
  return summary(group, `${count} sessions`, 'ms', samples);
}
