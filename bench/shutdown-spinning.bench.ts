import { Bench } from 'tinybench';
import type { Delegate } from '../src/delegate.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timed,
} from './support/measurement.ts';
import { isolatePlace, type Place, processPlace } from './support/rig.ts';

/** Programs that never release their thread. */
const PROGRAMS = [
  { name: 'for (;;)', source: 'yield_control(); for (;;);' },
  { name: 'a regular expression', source: "yield_control(); /(a+)+$/.test('a'.repeat(40) + 'b');" },
];
const NOBODY: Delegate = { invokeTool: async () => null, notify: async () => {} };

/** How long does it take to end a cell that never releases its thread? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using isolates = isolatePlace();
  await using processes = processPlace();
  const found: Measurement[] = [];
  for (const place of [isolates, processes]) found.push(...(await measureIn(place, pace)));
  return found;
}

async function measureIn(place: Place, pace: Pace): Promise<readonly Measurement[]> {
  const title = `one cell that never lets go, ${place.name}`;
  const bench = new Bench(benchOptions(title, pace, { samples: 40, warmups: 3 }));
  for (const { name, source } of PROGRAMS) {
    bench.add(`${name}, terminate()`, async () => spin(place, source, 'terminate'));
    bench.add(`${name}, close()`, async () => spin(place, source, 'close'));
  }
  const found = await measured(bench);
  return found.map((measurement) => ({ ...measurement, dimensions: { place: place.name } }));
}

async function spin(place: Place, source: string, end: 'terminate' | 'close') {
  await using placed = await place.openSession({ delegate: NOBODY, tools: [] });
  const { session } = placed;
  const { first } = await session.execute({ source });
  check('The first event', (await first).type, 'yielded');
  return await timed(async () => {
    if (end === 'close') return session.close();
    check('The answer', (await session.terminate('1')).type, 'terminated');
  });
}
