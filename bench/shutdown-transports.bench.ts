import { cooperative, stubborn } from './support/crowd.ts';
import type { Measurement, Pace } from './support/measurement.ts';
import { servedPlace, WAYS } from './support/served-place.ts';
import { type End, type Mix, measureShutdown } from './support/shutdown.ts';

const CALLBACKS = 100;

/** Does it matter over which transport a client ends a cell? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const end: End = 'terminate';
  const rows: (Mix & { readonly end: End })[] = [
    { manner: cooperative, of: 'tools', perCell: CALLBACKS, end },
    { manner: stubborn, of: 'both', perCell: CALLBACKS, end },
  ];
  const found: Measurement[] = [];
  for (const way of WAYS) {
    await using place = await servedPlace(way);
    const title = `one cell, ${CALLBACKS} callbacks, from terminate() to its answer`;
    const table = { title, cells: 1, rows, budget: { samples: 7, warmups: 1 } };
    found.push(...(await measureShutdown(place, pace, table)));
  }
  return found;
}
