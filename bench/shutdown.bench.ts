import { cooperative, type Manner, slow, stubborn, throwing } from './support/crowd.ts';
import type { Measurement, Pace } from './support/measurement.ts';
import { isolatePlace, type Place } from './support/rig.ts';
import {
  closedTogether,
  DEADLINE_MS,
  measureShutdown,
  oneCell,
  type Row,
} from './support/shutdown.ts';

const SIZES = [1, 10, 100, 1_000, 10_000];
const CELLS = [1, 10, 100];
const PER_CELL = 10;
const MANNERS: readonly Manner[] = [
  cooperative,
  throwing,
  slow(10),
  slow(50),
  slow(90),
  slow(99),
  slow(DEADLINE_MS),
  stubborn,
];

/** How long does the caller wait until a cell has ended, whatever its callbacks do? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using place = isolatePlace({ maxPendingNotifications: Math.max(...SIZES) });
  const all: Measurement[] = [];
  for (const perCell of SIZES) all.push(...(await measureOneCell(place, pace, perCell)));
  for (const cells of CELLS) all.push(...(await measureCells(place, pace, cells)));
  return all;
}

function measureOneCell(place: Place, pace: Pace, perCell: number) {
  const end = 'terminate';
  const rows: Row[] = [
    ...MANNERS.map((manner) => ({ manner, of: 'tools', perCell, end }) as const),
    { manner: cooperative, of: 'notifications', perCell, end },
    { manner: stubborn, of: 'notifications', perCell, end },
    { manner: stubborn, of: 'notifications', perCell, end: 'terminate while draining' },
  ];
  if (perCell > 1) rows.push({ manner: stubborn, of: 'both', perCell, end });
  const many = perCell > 1_000;
  const budget = { samples: many ? 4 : 7, warmups: many ? 0 : 1 };
  return measureShutdown(place, pace, oneCell(perCell, rows, budget));
}

function measureCells(place: Place, pace: Pace, cells: number) {
  const end = 'close';
  const rows: Row[] = [
    { manner: cooperative, of: 'tools', perCell: 0, end },
    { manner: cooperative, of: 'both', perCell: PER_CELL, end },
    { manner: slow(50), of: 'both', perCell: PER_CELL, end },
    { manner: stubborn, of: 'both', perCell: PER_CELL, end },
    { manner: stubborn, of: 'notifications', perCell: PER_CELL, end: 'close while draining' },
  ];
  const budget = { samples: 5, warmups: 1 };
  return measureShutdown(place, pace, closedTogether(cells, PER_CELL, rows, budget));
}
