import { cooperative, slow, stubborn, throwing } from './support/crowd.ts';
import type { Measurement, Pace } from './support/measurement.ts';
import { hostedPlace, type Place } from './support/rig.ts';
import { type End, type Mix, measureShutdown } from './support/shutdown.ts';

const SIZES = [1, 1_000];
const CELLS = [1, 100];
const PER_CELL = 10;

type Row = Mix & { readonly end: End };

/** What does the wire add to a shutdown? The host gives callbacks of its own clients the same 100 ms. */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using place = await hostedPlace();
  const all: Measurement[] = [];
  for (const perCell of SIZES) all.push(...(await measureOneCell(place, pace, perCell)));
  for (const cells of CELLS) all.push(...(await measureCells(place, pace, cells)));
  return all;
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
  return measureShutdown(place, pace, {
    title: `one cell, ${perCell} ${noun}, from terminate() to its answer`,
    cells: 1,
    rows,
    budget: { samples: 7, warmups: 1 },
  });
}

function measureCells(place: Place, pace: Pace, cells: number) {
  const noun = cells === 1 ? 'cell' : 'cells together';
  const end = 'close';
  const rows: Row[] = [
    { manner: cooperative, of: 'tools', perCell: 0, end },
    { manner: cooperative, of: 'both', perCell: PER_CELL, end },
    { manner: stubborn, of: 'both', perCell: PER_CELL, end },
  ];
  return measureShutdown(place, pace, {
    title: `${cells} ${noun}, ${PER_CELL} callbacks each, from close() to its answer`,
    cells,
    rows,
    budget: { samples: cells > 1 ? 5 : 7, warmups: 1 },
  });
}
