import type { Measurement, Pace } from './support/measurement.ts';
import { processPlace } from './support/rig.ts';
import {
  closedTogether,
  closedTogetherRows,
  measureShutdown,
  oneCell,
  oneCellRows,
} from './support/shutdown.ts';

const SIZES = [1, 100, 10_000];
const CELLS = 100;
const PER_CELL = 10;

/** What does a sandbox process between the caller and the program add to a shutdown? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using place = processPlace({ maxPendingNotifications: Math.max(...SIZES) });
  const all: Measurement[] = [];
  for (const perCell of SIZES) {
    const budget = { samples: perCell > 1_000 ? 4 : 7, warmups: 1 };
    const table = oneCell(perCell, oneCellRows(perCell), budget);
    all.push(...(await measureShutdown(place, pace, table)));
  }
  const rows = closedTogetherRows(PER_CELL);
  const table = closedTogether(CELLS, PER_CELL, rows, { samples: 5, warmups: 1 });
  return [...all, ...(await measureShutdown(place, pace, table))];
}
