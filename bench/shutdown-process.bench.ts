import { cooperative, slow, stubborn, throwing } from './support/crowd.ts';
import type { Measurement, Pace } from './support/measurement.ts';
import { type Place, processPlace } from './support/rig.ts';
import { type End, type Mix, measureShutdown } from './support/shutdown.ts';

const SIZES = [1, 100, 10_000];
const CELLS = 100;
const PER_CELL = 10;

type Row = Mix & { readonly end: End };

/** What does a sandbox process between the caller and the program add to a shutdown? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using place = processPlace({ maxPendingNotifications: Math.max(...SIZES) });
  const all: Measurement[] = [];
  for (const perCell of SIZES) all.push(...(await measureOneCell(place, pace, perCell)));
  return [...all, ...(await measureCells(place, pace))];
}

function measureOneCell(place: Place, pace: Pace, perCell: number) {
  const noun = perCell === 1 ? 'callback' : 'callbacks';
  const end = 'terminate';
  const rows: Row[] = [
    { manner: cooperative, of: 'tools', perCell, end },
    { manner: throwing, of: 'tools', perCell, end },
    { manner: slow(50), of: 'tools', perCell, end },
    { manner: stubborn, of: 'tools', perCell, end },
    { manner: stubborn, of: 'notifications', perCell, end: 'terminate while draining' },
  ];
  const many = perCell > 1_000;
  return measureShutdown(place, pace, {
    title: `one cell, ${perCell} ${noun}, from terminate() to its answer`,
    cells: 1,
    rows,
    budget: { samples: many ? 4 : 7, warmups: 1 },
  });
}

function measureCells(place: Place, pace: Pace) {
  const end = 'close';
  const rows: Row[] = [
    { manner: cooperative, of: 'tools', perCell: 0, end },
    { manner: cooperative, of: 'both', perCell: PER_CELL, end },
    { manner: stubborn, of: 'both', perCell: PER_CELL, end },
  ];
  return measureShutdown(place, pace, {
    title: `${CELLS} cells together, ${PER_CELL} callbacks each, from close() to its answer`,
    cells: CELLS,
    rows,
    budget: { samples: 5, warmups: 1 },
  });
}
