import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Measurement, type Pace, summary } from './support/measurement.ts';
import { CAN_READ_OTHERS } from './support/processor-time.ts';
import type {
  RoundFigure,
  RoundPlace,
  RoundSizes,
  RoundWork,
} from './support/processor-time-round.ts';

const ROUND = fileURLToPath(new URL('support/processor-time-round.ts', import.meta.url));
const MAX_ROUND_MS = 60_000;
const ROUNDS = 3;
const ALL_PLACES: readonly RoundPlace[] = ['embedded', 'sandbox processes', 'hosted'];
const WORKS: readonly RoundWork[] = ['tool calls', 'cells'];

const NAMES: Record<RoundWork, string> = { 'tool calls': 'tool call', cells: 'cell' };

const SIZES: Record<Pace, Record<RoundWork, RoundSizes>> = {
  full: {
    'tool calls': { cold: [100, 1_000], warmUp: 2_000, warm: 2_000 },
    // Fewer than a process runs before another one is started to replace it.
    cells: { cold: [100, 400], warmUp: 0, warm: 300 },
  },
  once: {
    'tool calls': { cold: [10, 20], warmUp: 0, warm: 10 },
    cells: { cold: [2, 4], warmUp: 0, warm: 2 },
  },
};

/** How much processor time does a tool call take, and a cell, in each process: cold and warm? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const places = CAN_READ_OTHERS ? ALL_PLACES : (['embedded'] as const);
  const found: Measurement[] = [];
  for (const work of WORKS) {
    for (const place of places) found.push(...(await measurePlace(place, work, pace)));
  }
  return found;
}

/** Each round is a sample in a separate process: only its first calls are cold. */
async function measurePlace(
  place: RoundPlace,
  work: RoundWork,
  pace: Pace,
): Promise<readonly Measurement[]> {
  const rounds = pace === 'once' ? 1 : ROUNDS;
  const figures: RoundFigure[] = [];
  for (let round = 0; round < rounds; round += 1) {
    figures.push(...(await playRound(place, work, SIZES[pace][work])));
  }
  const group = `user and system time of each ${NAMES[work]}, ${place}`;
  const rows = Map.groupBy(figures, (each) => `${each.stretch}, ${each.process}`);
  return [...rows].map(([name, all]) => {
    const { stretch, process } = all[0]!;
    const samples = all.map(({ micros }) => micros);
    return {
      ...summary(group, name, 'µs', samples),
      dimensions: { stretch, process, place, work },
    };
  });
}

async function playRound(
  place: RoundPlace,
  work: RoundWork,
  sizes: RoundSizes,
): Promise<readonly RoundFigure[]> {
  const child = fork(ROUND, [place, work, JSON.stringify(sizes)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    timeout: MAX_ROUND_MS,
    killSignal: 'SIGKILL',
  });
  let figures: readonly RoundFigure[] = [];
  child.on('message', (message) => {
    figures = message as readonly RoundFigure[];
  });
  const [code, signal]: readonly unknown[] = await once(child, 'exit');
  if (code !== 0)
    throw new Error(`A round ended with ${String(signal ?? code)}: ${place}, ${work}`);
  return figures;
}
