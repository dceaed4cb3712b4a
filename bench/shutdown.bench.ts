import { setImmediate } from 'node:timers/promises';
import { Bench } from 'tinybench';
import type { SessionRuntime } from '../src/session-runtime.ts';
import { Crowd, cooperative, type Manner, slow, stubborn, throwing } from './support/crowd.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  type Timed,
  timed,
} from './support/measurement.ts';
import { openRig } from './support/rig.ts';

const SIZES = [1, 10, 1_000, 10_000];
const DEADLINE_MS = 100;
/** Timers may fire this much early by the clock that measures. */
const EARLY_MS = 1;
/** What the deadline may be missed by in the quickest sample; others may have met a busy machine. */
const MAX_LATE_MS = 150;
/** The same where two samples are all there are. */
const MAX_LATE_ONCE_MS = 2_000;

/** What the callbacks of one cell are. */
interface Mix {
  readonly manner: Manner;
  readonly of: 'tools' | 'notifications' | 'both';
  readonly perCell: number;
}

type End = 'terminate' | 'close' | 'terminate while draining';

/** How long does the caller wait until a cell is over, whatever its callbacks do? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const all: Measurement[] = [];
  for (const perCell of SIZES) all.push(...(await measureOneCell(pace, perCell)));
  all.push(...(await measureCells(pace, 1)), ...(await measureCells(pace, 100)));
  all.push(...(await measureSpinning(pace)));
  return all;
}

async function measureOneCell(pace: Pace, perCell: number): Promise<readonly Measurement[]> {
  const noun = perCell === 1 ? 'callback' : 'callbacks';
  const samples = perCell > 1_000 ? 5 : 20;
  const budget = { samples, warmups: perCell > 1_000 ? 0 : 1 };
  const name = `one cell, ${perCell} ${noun}, from terminate() to its answer`;
  const bench = new Bench(benchOptions(name, pace, budget));
  const manners = [cooperative, throwing, slow(10), slow(50), slow(90), slow(99)];
  const mixes: Mix[] = manners.map((manner) => ({ manner, of: 'tools', perCell }));
  mixes.push({ manner: cooperative, of: 'notifications', perCell });
  mixes.push({ manner: stubborn, of: 'tools', perCell });
  mixes.push({ manner: stubborn, of: 'notifications', perCell });
  if (perCell > 1) mixes.push({ manner: stubborn, of: 'both', perCell });
  for (const mix of mixes) {
    bench.add(nameOf(mix), async () => shutDown(mix, 1, 'terminate'));
  }
  const notes: Mix = { manner: stubborn, of: 'notifications', perCell };
  bench.add(`${nameOf(notes)}, of a program that has ended`, async () =>
    shutDown(notes, 1, 'terminate while draining'),
  );
  return punctual(pace, await measured(bench), [...mixes, notes]);
}

async function measureCells(pace: Pace, cells: number): Promise<readonly Measurement[]> {
  const noun = cells === 1 ? 'cell' : 'cells together';
  const name = `${cells} ${noun}, 10 callbacks each, from close() to its answer`;
  const bench = new Bench(benchOptions(name, pace, { samples: cells === 1 ? 20 : 10, warmups: 1 }));
  const mixes: Mix[] = [
    { manner: cooperative, of: 'tools', perCell: 0 },
    { manner: cooperative, of: 'both', perCell: 10 },
    { manner: slow(50), of: 'both', perCell: 10 },
    { manner: stubborn, of: 'both', perCell: 10 },
  ];
  for (const mix of mixes) bench.add(nameOf(mix), async () => shutDown(mix, cells, 'close'));
  return punctual(pace, await measured(bench), mixes);
}

function nameOf({ manner, of, perCell }: Mix): string {
  return perCell === 0 ? 'no callbacks' : `${manner.name}, ${of}`;
}

/** Starts cells, waits until all their callbacks run, and times the end of all. */
async function shutDown(mix: Mix, cells: number, end: End): Promise<Timed> {
  const size = mix.perCell * cells;
  const crowd = new Crowd(mix.manner, size);
  await using rig = openRig({
    delegate: crowd,
    tools: ['hang'],
    sandbox: { reserve: 0, limits: { maxPendingNotifications: mix.perCell } },
  });
  const { session } = rig;
  const source = programOf(mix, end);
  for (let n = 0; n < cells; n += 1) {
    // No patience: the first answer says that the program is under way.
    const { first } = await session.execute({ source, observe: { yieldAfterMs: 0 } });
    check('The first event', (await first).type, 'yielded');
  }
  await crowd.complete();
  if (end === 'terminate while draining') await untilDraining(session);
  const time = await timed(async () => {
    if (end === 'close') return session.close();
    check('The answer', (await session.terminate('1')).type, 'terminated');
  });
  checkTime(mix, time.overriddenDuration);
  crowd.disperse();
  await setImmediate();
  checkCounts(mix, session, size);
  return time;
}

function programOf({ of, perCell }: Mix, end: End): string {
  const tools = of === 'tools' ? perCell : of === 'both' ? Math.ceil(perCell / 2) : 0;
  return `for (let n = 0; n < ${tools}; n += 1) void tools.hang();
    for (let n = ${tools}; n < ${perCell}; n += 1) notify('note');
    ${end === 'terminate while draining' ? '' : 'await new Promise(() => {});'}`;
}

async function untilDraining(session: SessionRuntime): Promise<void> {
  while ((await session.cells())[0]?.phase !== 'draining') await setImmediate();
}

/** A sample that came too soon was not waited for: no machine makes that right. */
function checkTime({ manner, perCell }: Mix, elapsedMs: number): void {
  if (perCell === 0 || elapsedMs >= manner.takesMs - EARLY_MS) return;
  throw new Error(`${manner.name}: over after ${elapsedMs} ms`);
}

/** Whoever was abandoned is counted then, and again when it came back. */
function checkCounts(mix: Mix, { counts }: SessionRuntime, size: number): void {
  const { manner, perCell } = mix;
  if (manner.abandoned === 'perhaps') return;
  // To start thousands of timers takes so long that the last of them may miss the deadline.
  if (manner.takesMs > 0 && manner.abandoned === 'never' && perCell > 10) return;
  const expected = manner.abandoned === 'always' ? size : 0;
  check(`Abandoned, ${manner.name}`, counts.abandoned, expected);
  check(`Late, ${manner.name}`, counts.late, expected);
}

/** Holds the quickest sample against the clock: a machine that stalls must not fail the bench. */
function punctual(
  pace: Pace,
  measurements: readonly Measurement[],
  mixes: readonly Mix[],
): readonly Measurement[] {
  measurements.forEach(({ group, name, min }, n) => {
    const mix = mixes[n];
    if (mix === undefined) throw new Error(`Nothing is known of ${name}`);
    const { manner } = mix;
    // Whoever returns in a moment must not be made to wait for the deadline.
    const soon = mix.perCell <= 1_000 && manner.takesMs <= 10;
    const patientMs = pace === 'once' ? MAX_LATE_ONCE_MS : DEADLINE_MS + MAX_LATE_MS;
    const maxMs = soon && pace === 'full' ? DEADLINE_MS - EARLY_MS : patientMs;
    if (min > maxMs) throw new Error(`${group}, ${name}: took ${min} ms, ${maxMs} ms allowed`);
  });
  return measurements;
}

async function measureSpinning(pace: Pace): Promise<readonly Measurement[]> {
  const bench = new Bench(
    benchOptions('one cell that never lets go', pace, { samples: 50, warmups: 3 }),
  );
  const spin = async (end: End) => {
    await using rig = openRig({ sandbox: { reserve: 0 } });
    const { session } = rig;
    const { first } = await session.execute({ source: 'yield_control(); for (;;);' });
    check('The first event', (await first).type, 'yielded');
    return await timed(async () => {
      if (end === 'close') return session.close();
      check('The answer', (await session.terminate('1')).type, 'terminated');
    });
  };
  bench.add('for (;;), terminate()', async () => spin('terminate'));
  bench.add('for (;;), close()', async () => spin('close'));
  return await measured(bench);
}
