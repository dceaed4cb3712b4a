import type { Delegate } from '../src/delegate.ts';
import { Crowd, stubborn } from './support/crowd.ts';
import { check, type Measurement, type Pace, summary } from './support/measurement.ts';
import { isolatePlace } from './support/rig.ts';
import { settled } from './support/settled-memory.ts';

const CELLS = 10;
const PER_CELL = 1_000;
const COUNT = CELLS * PER_CELL;
/** Whatever retains more than this per returned callback retains the callback. */
const MAX_LEFT_KIB = 0.5;

const GROUP = `heap of the process for each of ${COUNT} callbacks that never came back`;

/** How much memory do abandoned callbacks hold, and is it released when they finally return? */
export async function measure(_pace: Pace): Promise<readonly Measurement[]> {
  // Do not count what is compiled and allocated only once.
  await abandonAll();
  const baseline = await waitAlone();
  const { held, left } = await abandonAll();
  if (left > MAX_LEFT_KIB) throw new Error(`${left} KiB are left of each callback that came back`);
  return [
    inKiB('while they run on, the delegate’s own promises included', held),
    inKiB('left when they have come back', left),
    inKiB('baseline: as many promises that wait for a signal', baseline),
  ];
}

/** The memory of abandoned callbacks while they run, and what remains after they have returned. */
async function abandonAll() {
  await using place = isolatePlace();
  const before = await heapKiB();
  const crowd = new Crowd(stubborn, COUNT);
  await using placed = await place.openSession({ delegate: crowd, tools: ['hang'] });
  const source = `for (let n = 0; n < ${PER_CELL}; n += 1) void tools.hang();
    await new Promise((go) => setTimeout(go, 1e9));`;
  for (let n = 0; n < CELLS; n += 1) {
    await placed.session.execute({ source, observe: { yieldAfterMs: 0 } });
  }
  await crowd.complete();
  await placed.session.close();
  check('Abandoned', placed.counts()?.abandoned, COUNT);
  const held = ((await heapKiB()) - before) / COUNT;
  crowd.disperse();
  const left = ((await heapKiB()) - before) / COUNT;
  check('Late', placed.counts()?.late, COUNT);
  return { held, left };
}

/** The minimum memory of a callback that waits for its signal and then for something else. */
async function waitAlone(): Promise<number> {
  const before = await heapKiB();
  const delegate: Delegate = new Crowd(stubborn, COUNT);
  const controllers = Array.from({ length: COUNT }, () => new AbortController());
  const running = controllers.map(({ signal }) => delegate.invokeTool(null as never, signal));
  for (const controller of controllers) controller.abort();
  const held = ((await heapKiB()) - before) / COUNT;
  check('Running', running.length + controllers.length, 2 * COUNT);
  return held;
}

function heapKiB(): Promise<number> {
  return settled(() => process.memoryUsage().heapUsed / 1_024);
}

function inKiB(name: string, value: number): Measurement {
  return summary(GROUP, name, 'KiB', [value]);
}
