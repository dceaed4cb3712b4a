import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { Bench } from 'tinybench';
import { EchoPort } from './support/echo-port.ts';
import {
  benchOptions,
  check,
  type Measurement,
  measured,
  type Pace,
  timed,
} from './support/measurement.ts';

const BYTES = Buffer.alloc(1 << 20, 'cellhost');
const DIGEST = createHash('sha256').update(BYTES).digest('hex');
const RECORDS = Array.from({ length: 2_000 }, (_, n) => ({ n, name: `record ${n}`, tags: ['a'] }));
const TRIPS = 200;

/** How fast is this machine now, without cellhost? Comparisons of two runs divide by this. */
export async function measure(pace: Pace): Promise<readonly Measurement[]> {
  await using port = new EchoPort();
  await port.ready();
  const budget = { samples: 40, timeMs: 300 };
  const bench = new Bench(benchOptions('this machine, without cellhost', pace, budget));
  bench.add('baseline: SHA-256 of 1 MiB', () => {
    check('The digest', createHash('sha256').update(BYTES).digest('hex'), DIGEST);
  });
  bench.add('baseline: JSON of 2,000 records and back', () => {
    const back: typeof RECORDS = JSON.parse(JSON.stringify(RECORDS));
    check('Records', back.length, RECORDS.length);
  });
  bench.add(`baseline: ${TRIPS} round trips to a thread, one after the other`, async () =>
    timed(async () => {
      for (let n = 0; n < TRIPS; n += 1) check('The echo', (await port.roundTrip({ n })).n, n);
    }),
  );
  const processes = new Bench(benchOptions(bench.name ?? '', pace, { samples: 10, warmups: 1 }));
  processes.add('baseline: node -e 0', async () => {
    await promisify(execFile)(process.execPath, ['-e', '0']);
  });
  return [...(await measured(bench)), ...(await measured(processes))];
}
