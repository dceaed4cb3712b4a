import { cooperative, stubborn } from './support/crowd.ts';
import type { Measurement, Pace } from './support/measurement.ts';
import { servedPlace, WAYS } from './support/served-place.ts';
import { measureShutdown, oneCell, type Row } from './support/shutdown.ts';

const CALLBACKS = 100;

/** Does it matter over which transport a client ends a cell? */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const end = 'terminate';
  const rows: readonly Row[] = [
    { manner: cooperative, of: 'tools', perCell: CALLBACKS, end },
    { manner: stubborn, of: 'both', perCell: CALLBACKS, end },
  ];
  const found: Measurement[] = [];
  for (const way of WAYS) {
    await using place = await servedPlace(way);
    const table = oneCell(CALLBACKS, rows, { samples: 7, warmups: 1 });
    found.push(...(await measureShutdown(place, pace, table)));
  }
  return found;
}
