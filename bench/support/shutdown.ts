import { setImmediate } from 'node:timers/promises';
import { Bench } from 'tinybench';
import type { Session } from '../../src/session.ts';
import { Crowd, cooperative, type Manner, slow, stubborn, throwing } from './crowd.ts';
import {
  type Budget,
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  type Timed,
  timed,
} from './measurement.ts';
import type { Place, PlacedSession } from './rig.ts';

export const DEADLINE_MS = 100;
/** By the measuring clock, timers can fire this much early. */
const EARLY_MS = 1;
/** How much the fastest sample may miss the deadline; others may be delayed by a busy machine. */
const MAX_LATE_MS = 150;
/** The same if there are only two samples. */
const MAX_LATE_ONCE_MS = 2_000;

/** The callbacks of one cell. */
export interface Mix {
  readonly manner: Manner;
  readonly of: 'tools' | 'notifications' | 'both';
  readonly perCell: number;
}

/** How cells are ended. Draining: their programs have ended, but their notifications have not. */
export type End = 'terminate' | 'close' | 'terminate while draining' | 'close while draining';

/** One line of a table. */
export type Row = Mix & { readonly end: End };

/** One table of a shutdown suite. */
export interface ShutdownTable {
  readonly title: string;
  readonly cells: number;
  readonly rows: readonly Row[];
  readonly budget: Budget;
}

/** The rows for one cell, in every place. */
export function oneCellRows(perCell: number): readonly Row[] {
  const end = 'terminate';
  return [
    { manner: cooperative, of: 'tools', perCell, end },
    { manner: throwing, of: 'tools', perCell, end },
    { manner: slow(50), of: 'tools', perCell, end },
    { manner: stubborn, of: 'tools', perCell, end },
    { manner: stubborn, of: 'notifications', perCell, end: 'terminate while draining' },
  ];
}

/** The rows for cells that are closed together, in every place. */
export function closedTogetherRows(perCell: number): readonly Row[] {
  const end = 'close';
  return [
    { manner: cooperative, of: 'tools', perCell: 0, end },
    { manner: cooperative, of: 'both', perCell, end },
    { manner: stubborn, of: 'both', perCell, end },
  ];
}

/** A table about one cell with this many callbacks. */
export function oneCell(perCell: number, rows: readonly Row[], budget: Budget): ShutdownTable {
  const noun = perCell === 1 ? 'callback' : 'callbacks';
  const title = `one cell, ${perCell} ${noun}, from terminate() to its answer`;
  return { title, cells: 1, rows, budget };
}

/** A table about cells with this many callbacks each, closed together. */
export function closedTogether(
  cells: number,
  perCell: number,
  rows: readonly Row[],
  budget: Budget,
): ShutdownTable {
  const noun = cells === 1 ? 'cell' : 'cells together';
  const title = `${cells} ${noun}, ${perCell} callbacks each, from close() to its answer`;
  return { title, cells, rows, budget };
}

/** Measures a table, and checks its fastest samples against the deadline. */
export async function measureShutdown(
  place: Place,
  pace: Pace,
  { title, cells, rows, budget }: ShutdownTable,
): Promise<readonly Measurement[]> {
  const bench = new Bench(benchOptions(`${title}, ${place.name}`, pace, budget));
  for (const row of rows) {
    bench.add(nameOf(row), async () => {
      await using ready = await underWay(place, row, cells, row.end);
      return await ready.end();
    });
  }
  const found = await measured(bench);
  return found.map((measurement, n) => {
    const row = rows[n]!;
    const { manner, of, perCell, end } = row;
    checkPunctual(place, pace, measurement, row);
    const dimensions = {
      callbacks: perCell,
      manner: manner.name,
      of,
      end,
      cells,
      place: place.name,
    };
    return { ...measurement, dimensions, fixed: waitOf(place, row) };
  });
}

/** Cells that are about to be ended, with all callbacks running. */
export interface UnderWay extends AsyncDisposable {
  /** Ends them, and checks that this did not end too early and counted everything. */
  end(): Promise<Timed>;
}

/** Starts cells, and waits until all their callbacks run. */
export async function underWay(place: Place, mix: Mix, cells: number, end: End): Promise<UnderWay> {
  const size = mix.perCell * cells;
  const crowd = new Crowd(mix.manner, size);
  const placed = await place.openSession({ delegate: crowd, tools: ['hang'] });
  const { session } = placed;
  const source = programOf(mix, end);
  for (let n = 0; n < cells; n += 1) {
    // Wait for 0 ms: the first answer says that the program has started.
    const { first } = await session.execute({ source, observe: { yieldAfterMs: 0 } });
    check('The first event', (await first).type, 'yielded');
  }
  await crowd.complete();
  if (end.endsWith('draining')) await untilDraining(session);
  return {
    async end() {
      const time = await timed(async () => {
        if (end.startsWith('close')) return session.close();
        check('The answer', (await session.terminate('1')).type, 'terminated');
      });
      checkTime(place, mix, time.overriddenDuration);
      crowd.disperse();
      await setImmediate();
      checkCounts(mix, placed, size, time.overriddenDuration);
      return time;
    },
    [Symbol.asyncDispose]: () => placed[Symbol.asyncDispose](),
  };
}

/** Its name in tables. */
function nameOf({ manner, of, perCell, end }: Mix & { readonly end: End }): string {
  if (perCell === 0) return 'no callbacks';
  const name = `${manner.name}, ${of}`;
  return end.endsWith('draining') ? `${name}, of a program that has ended` : name;
}

function programOf({ of, perCell }: Mix, end: End): string {
  const tools = of === 'tools' ? perCell : of === 'both' ? Math.ceil(perCell / 2) : 0;
  return `for (let n = 0; n < ${tools}; n += 1) void tools.hang();
    for (let n = ${tools}; n < ${perCell}; n += 1) notify('note');
    ${end.endsWith('draining') ? '' : 'await new Promise((go) => setTimeout(go, 1e9));'}`;
}

async function untilDraining(session: Session): Promise<void> {
  const draining = async () => (await session.cells()).every(({ phase }) => phase === 'draining');
  while (!(await draining())) await setImmediate();
}

/** The minimum wait of a caller for callbacks of this manner. */
function waitOf(place: Place, { manner, perCell }: Mix): number {
  return perCell === 0 || place.dropsCallbacks ? 0 : manner.takesMs;
}

/** A sample that ends too early did not wait, which no machine can explain. */
function checkTime(place: Place, mix: Mix, elapsedMs: number): void {
  if (elapsedMs >= waitOf(place, mix) - EARLY_MS) return;
  throw new Error(`${mix.manner.name}: over after ${elapsedMs} ms`);
}

/** Abandoned callbacks are counted then, and again when they return. */
function checkCounts(
  { manner, perCell }: Mix,
  placed: PlacedSession,
  size: number,
  elapsedMs: number,
): void {
  const counts = placed.counts();
  if (counts === null || manner.abandoned === 'perhaps') return;
  if (manner.abandoned === 'never') {
    // On a machine that is too slow for so many, the deadline cuts the others off.
    const isCutOff = elapsedMs >= DEADLINE_MS - EARLY_MS;
    // Those with a timer return when that has run down; starting thousands of timers takes long as well.
    if (manner.takesMs > 0 && (isCutOff || perCell > 10)) return;
    if (isCutOff) return check(`Late, ${manner.name}`, counts.late, counts.abandoned);
  }
  const expected = manner.abandoned === 'always' ? size : 0;
  check(`Abandoned, ${manner.name}`, counts.abandoned, expected);
  check(`Late, ${manner.name}`, counts.late, expected);
}

/** Checks only the fastest sample: a stalling machine must not fail the bench. */
function checkPunctual(
  place: Place,
  pace: Pace,
  { group, name, min }: Measurement,
  mix: Mix,
): void {
  // A quick return must not wait for the deadline.
  const soon = mix.perCell <= 1_000 && waitOf(place, mix) <= 10;
  const patientMs = pace === 'once' ? MAX_LATE_ONCE_MS : DEADLINE_MS + MAX_LATE_MS;
  const maxMs = soon && pace === 'full' ? DEADLINE_MS - EARLY_MS : patientMs;
  if (min > maxMs) throw new Error(`${group}, ${name}: took ${min} ms, ${maxMs} ms allowed`);
}
