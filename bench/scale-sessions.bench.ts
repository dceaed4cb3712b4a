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
const SIZES_ONCE = [1, 5];
const SAMPLES = 20;

/** How much do up to a thousand sessions with one running cell slow down the others, and how much memory do they hold? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const found: Measurement[] = [];
  {
    await using isolates = isolatePlace();
    found.push(...(await measureIn(isolates, pace)));
  }
  await using processes = processPlace();
  return [...found, ...(await measureIn(processes, pace))];
}

async function measureIn(place: Place, pace: Pace): Promise<readonly Measurement[]> {
  const sizes = pace === 'once' ? SIZES_ONCE : SIZES;
  const found: Measurement[] = [];
  const add = (group: string, sessions: number, unit: Unit, samples: readonly number[]) => {
    const measurement = summary(`${group}, ${place.name}`, `${sessions} sessions`, unit, samples);
    const dimensions = { live: sessions, place: place.name, of: 'sessions' };
    found.push({ ...measurement, dimensions });
  };
  const before = await settled(() => treeMiB(process.pid));
  const sessions: PlacedSession[] = [];
  for (const size of sizes) {
    const starts: number[] = [];
    while (sessions.length < size) {
      starts.push(await elapsedMs(async () => sessions.push(await openWaiting(place))));
    }
    add('a further session and its first cell, which stays', size, 'ms', starts);
    add('text(1 + 1) in one of many sessions', size, 'ms', await sampleCells(sessions, pace));
    const held = (await settled(() => treeMiB(process.pid))) - before;
    if (size >= 100) add('memory of a session with a live cell', size, 'MiB', [held / size]);
  }
  const closing = elapsedMs(() => Promise.all(sessions.map(({ session }) => session.close())));
  add('close() of all of them at once', sessions.length, 'ms', [await closing]);
  return found;
}

async function openWaiting(place: Place): Promise<PlacedSession> {
  const delegate: Delegate = { invokeTool: () => new Promise(() => {}), notify: async () => {} };
  const placed = await place.openSession({ delegate, tools: ['forever'] });
  const source = 'await tools.forever();';
  const { first } = await placed.session.execute({ source, observe: { pending: true } });
  check('The first event', (await first).type, 'pending');
  return placed;
}

/** Another session for each sample. */
async function sampleCells(
  sessions: readonly PlacedSession[],
  pace: Pace,
): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let n = 0; n < (pace === 'once' ? 2 : SAMPLES); n += 1) {
    const { session } = sessions[(n * 7) % sessions.length]!;
    samples.push(
      await elapsedMs(async () => check('1 + 1', await textOf(session, 'text(1 + 1)'), '2')),
    );
  }
  return samples;
}
