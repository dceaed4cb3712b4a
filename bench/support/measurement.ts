import type { Bench, BenchOptions } from 'tinybench';

/** How much work a run does: enough samples for a figure, or just enough to see that it works. */
export type Pace = 'full' | 'once';

/** Every `*.bench.ts` exports this as `measure`: it answers one question, and throws if a check fails. */
export type Measure = (pace: Pace) => Promise<readonly Measurement[]>;

/** The unit of a measurement. A rate is given as the time of one piece. */
export type Unit = 'ms' | 'µs' | 'MiB' | 'KiB' | 'count';

/** The result of one task. Percentiles are nearest ranks: each is an actual sample. */
export interface Measurement {
  /** The table that it belongs to. */
  readonly group: string;
  readonly name: string;
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly unit: Unit;
  readonly samples: number;
  /** What distinguishes it from its neighbours, for pictures: how many, how large, where. */
  readonly dimensions?: Dimensions;
  /** The part of it that is a deadline, in its unit: the same on every machine. Default: 0. */
  readonly fixed?: number;
}

/** Coordinates of a measurement, by the name of the axis. */
export type Dimensions = Readonly<Record<string, string | number>>;

/** How long a bench takes at full pace: until it has both. */
export interface Budget {
  /** The minimum number of samples of each task. */
  readonly samples: number;
  /** The minimum duration of each task, in milliseconds. Default: 0. */
  readonly timeMs?: number;
  /** The number of warm-up runs of each task. Default: 3. */
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

/** Runs a bench. Rejects if one of its tasks does. */
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
 * Summarises samples.
 *
 * @throws If there are none: a task that measured nothing must not pass.
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

/** The result of a task that times a part of itself. */
export interface Timed {
  /** Milliseconds: the sample. */
  readonly overriddenDuration: number;
  /** How much of the budget the sample used, in milliseconds. */
  readonly overriddenIterationCost: number;
}

/**
 * Times `work`, which does `pieces` equal pieces; the sample is the time of one.
 *
 * @returns The task's return value for tinybench.
 */
export async function timed(work: () => Promise<unknown>, pieces = 1): Promise<Timed> {
  const time = await elapsedMs(work);
  return { overriddenDuration: time / pieces, overriddenIterationCost: time };
}

/** Like `timed`, for synchronous work: `work` is called `pieces` times. */
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
 * @throws If `actual` is not `expected`.
 */
export function check(what: string, actual: unknown, expected: unknown): void {
  if (actual === expected) return;
  throw new Error(`${what}: wanted ${String(expected)}, got ${String(actual)}`);
}
