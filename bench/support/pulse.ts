import { createHash } from 'node:crypto';
import { EchoPort } from './echo-port.ts';
import { check, elapsedMs, type Measurement, summary } from './measurement.ts';

/** A measurement of the machine, taken around a suite. */
export interface Pulse extends Measurement {
  /** The suite. */
  readonly suite: string;
}

const BYTES = Buffer.alloc(1 << 20, 'cellhost');
const RECORDS = Array.from({ length: 2_000 }, (_, n) => ({ n, name: `record ${n}`, tags: ['a'] }));
const BEATS = 12;
const TRIPS = 40;

/** Typical work of a machine that runs programs: compute, process text, wake threads. */
const WORK: readonly { readonly name: string; run(port: EchoPort): Promise<void> }[] = [
  {
    name: 'baseline: SHA-256 of 1 MiB',
    run: async () => check('Bytes', createHash('sha256').update(BYTES).digest().length, 32),
  },
  {
    name: 'baseline: JSON of 2,000 records and back',
    run: async () => {
      const back: typeof RECORDS = JSON.parse(JSON.stringify(RECORDS));
      check('Records', back.length, RECORDS.length);
    },
  },
  {
    name: `baseline: ${TRIPS} round trips to a thread`,
    async run(port) {
      for (let n = 0; n < TRIPS; n += 1) check('The echo', (await port.roundTrip({ n })).n, n);
    },
  },
];

/** Measures the speed of the machine around each suite, so that suites are judged by the conditions of their own time. */
export class PulseTaker implements AsyncDisposable {
  readonly #port = new EchoPort();
  #last: readonly (readonly number[])[] = [];

  /** Call this before the first suite. */
  async ready(): Promise<void> {
    await this.#port.ready();
    await this.#feel();
    this.#last = await this.#feel();
  }

  /** @returns How fast the machine was before and after a suite that has just ended. */
  async around(suite: string): Promise<readonly Pulse[]> {
    const [before, after] = [this.#last, await this.#feel()];
    this.#last = after;
    return WORK.map(({ name }, n) => {
      const samples = [...(before[n] ?? []), ...(after[n] ?? [])];
      return { suite, ...summary('this machine', name, 'ms', samples) };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#port[Symbol.asyncDispose]();
  }

  async #feel(): Promise<readonly (readonly number[])[]> {
    const all: number[][] = [];
    for (const { run } of WORK) {
      const samples: number[] = [];
      for (let n = 0; n < BEATS; n += 1) samples.push(await elapsedMs(() => run(this.#port)));
      all.push(samples);
    }
    return all;
  }
}
