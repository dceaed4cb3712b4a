import type { Bench, BenchOptions } from 'tinybench';

/** How much work a run does: enough samples to say something, or just enough to see that it runs. */
export type Pace = 'full' | 'once';

/** What every `*.bench.ts` exports, as `measure`: answers one question, and throws where a check fails. */
export type Measure = (pace: Pace) => Promise<readonly Measurement[]>;

/** The unit of a measurement. A rate is given as the time one piece takes. */
export type Unit = 'ms' | 'µs' | 'MiB' | 'KiB' | 'count';

/** What was found out about one task. Percentiles are nearest ranks: each is a sample that was seen. */
export interface Measurement {
  /** The table it stands in. */
  readonly group: string;
  readonly name: string;
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly unit: Unit;
  readonly samples: number;
  /** What tells it from its neighbours, for pictures: how many, how large, where. */
  readonly dimensions?: Dimensions;
  /** The part of it that is a deadline, in its unit: the same on every machine. Default: 0. */
  readonly fixed?: number;
}

/** Coordinates of a measurement, by the name of the axis. */
export type Dimensions = Readonly<Record<string, string | number>>;

/** How long a bench takes at full pace: until it has both. */
export interface Budget {
  /** Samples of each task at least. */
  readonly samples: number;
  /** Milliseconds each task is measured for at least. Default: 0. */
  readonly timeMs?: number;
  /** Runs of each task that do not count. Default: 3. */
  readonly warmups?: number;
}

/** The options of a bench whose tasks check their results. */
export function benchOptions(name: string, pace: Pace, budget: Budget): BenchOptions {
  const checked = { name, throws: true, retainSamples: true };
  if (pace === 'once') return { ...checked, warmup: false, iterations: 2, time: 0 };
  const { samples, timeMs = 0, warmups = 3 } = budget;
  const warmup = { warmup: warmups > 0, warmupIterations: warmups, warmupTime: timeMs / 5 };
  return { ...checked, ...warmup, iterations: samples, time: timeMs };
}

/** Runs a bench. Rejects where one of its tasks does. */
export async function measured(bench: Bench, unit: Unit = 'ms'): Promise<readonly Measurement[]> {
  const perMs = unit === 'µs' ? 1_000 : 1;
  const tasks = await bench.run();
  return tasks.map(({ name, result }) => {
    const samples = 'latency' in result ? (result.latency.samples ?? []) : [];
    const scaled = samples.map((sample) => sample * perMs);
    return summary(bench.name ?? '', name, unit, scaled);
  });
}

/**
 * Puts samples together.
 *
 * @throws Where there are none: a task that measured nothing must not pass.
 */
export function summary(
  group: string,
  name: string,
  unit: Unit,
  samples: readonly number[],
): Measurement {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!;
  if (sorted.length === 0) throw new Error(`${group}, ${name}: nothing was measured`);
  const [min, p50, p95, p99, max] = [rank(0), rank(0.5), rank(0.95), rank(0.99), rank(1)];
  return { group, name, min, p50, p95, p99, max, unit, samples: sorted.length };
}

/** What a task returns that times a part of itself. */
export interface Timed {
  /** Milliseconds: the sample. */
  readonly overriddenDuration: number;
  /** Milliseconds the sample took off the budget. */
  readonly overriddenIterationCost: number;
}

/**
 * Times `work`, which does `pieces` equal pieces; the sample is the time of one.
 *
 * @returns What the task is to return to tinybench.
 */
export async function timed(work: () => Promise<unknown>, pieces = 1): Promise<Timed> {
  const time = await elapsedMs(work);
  return { overriddenDuration: time / pieces, overriddenIterationCost: time };
}

/** As `timed`, for work that does not wait: `work` is done `pieces` times. */
export function timedSync(work: () => void, pieces: number): Timed {
  const start = performance.now();
  for (let i = 0; i < pieces; i += 1) work();
  const time = performance.now() - start;
  return { overriddenDuration: time / pieces, overriddenIterationCost: time };
}

/** The milliseconds that `work` takes. */
export async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * A check inside a task.
 *
 * @throws Where `actual` is not `expected`.
 */
export function check(what: string, actual: unknown, expected: unknown): void {
  if (actual === expected) return;
  throw new Error(`${what}: wanted ${String(expected)}, got ${String(actual)}`);
}
