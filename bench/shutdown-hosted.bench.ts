import type { Measurement, Pace } from './support/measurement.ts';
import { hostedPlace } from './support/rig.ts';
import {
  closedTogether,
  closedTogetherRows,
  measureShutdown,
  oneCell,
  oneCellRows,
} from './support/shutdown.ts';

const SIZES = [1, 1_000];
const CELLS = [1, 100];
const PER_CELL = 10;

/** What does the wire add to a shutdown? The host gives callbacks of clients with cellhost.cells the same 100 ms. */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using place = await hostedPlace();
  const all: Measurement[] = [];
  for (const perCell of SIZES) {
    const table = oneCell(perCell, oneCellRows(perCell), { samples: 7, warmups: 1 });
    all.push(...(await measureShutdown(place, pace, table)));
  }
  for (const cells of CELLS) {
    const budget = { samples: cells > 1 ? 5 : 7, warmups: 1 };
    const table = closedTogether(cells, PER_CELL, closedTogetherRows(PER_CELL), budget);
    all.push(...(await measureShutdown(place, pace, table)));
  }
  return all;
}
