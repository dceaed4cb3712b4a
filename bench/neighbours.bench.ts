import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Bench } from 'tinybench';
import { ATTACKS, type Attack } from './support/attacks.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  summary,
} from './support/measurement.ts';
import { type PlacedSession, processPlace, textOf } from './support/rig.ts';

/** How long a witness works beside an attack, in milliseconds. */
const TIME_MS = 5_000;
/** How closely the loop is watched, in milliseconds. */
const RESOLUTION_MS = 1;

/** How long does an innocent session wait for a cell while another one attacks, and how long is its host kept busy? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const found: Measurement[] = [];
  for (const attack of ATTACKS) found.push(...(await measureBeside(attack, pace)));
  return found;
}

async function measureBeside(attack: Attack, pace: Pace): Promise<readonly Measurement[]> {
  await using place = processPlace();
  await using witness = await place.openSession({ delegate: attack.delegate, tools: [] });
  await using attackers = new AsyncDisposableStack();
  const sessions: PlacedSession[] = [];
  for (let n = 0; n < attack.sessions; n += 1) {
    const { delegate } = attack;
    sessions.push(attackers.use(await place.openSession({ delegate, tools: ['tool'] })));
  }
  check('A first cell', await textOf(witness.session, 'text(1)'), '1');
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const bench = new Bench(
    benchOptions('a cell of a session beside others that attack', pace, {
      samples: 30,
      timeMs: TIME_MS,
      warmups: 0,
    }),
  );
  bench.add(attack.name, async () => {
    check('A cell beside an attack', await textOf(witness.session, 'text(1)'), '1');
  });
  let isOver = false;
  const rounds = sessions.map(async ({ session }) => {
    while (!isOver) await Promise.all([attack.round(session), pause()]);
  });
  histogram.enable();
  const witnessed = await measured(bench);
  histogram.disable();
  isOver = true;
  await Promise.all(rounds);
  const group = 'longest standstill of the event loop of their host';
  return [...witnessed, summary(group, attack.name, 'ms', [histogram.max / 1e6])];
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
