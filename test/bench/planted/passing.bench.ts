import { Bench } from 'tinybench';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
} from '../../../bench/support/measurement.ts';

/** A suite that is over at once, for the tests of the runner. */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const bench = new Bench(benchOptions('planted', pace, { samples: 2 }));
  bench.add('a right result', async () => check('1 + 1', 1 + 1, 2));
  return await measured(bench);
}
