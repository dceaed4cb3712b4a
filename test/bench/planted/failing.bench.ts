import { Bench } from 'tinybench';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
} from '../../../bench/support/measurement.ts';

/** A suite whose check fails, for the tests of the runner. */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  const bench = new Bench(benchOptions('planted', pace, { samples: 2 }));
  bench.add('a wrong result', async () => check('1 + 1', 1 + 1, 3));
  return await measured(bench);
}
