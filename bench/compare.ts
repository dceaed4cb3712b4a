import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/errors.ts';
import { type ComparedFigure, figuresOf } from './support/compared-figures.ts';

/** One figure in both reports. */
export interface Comparison {
  readonly key: string;
  readonly unit: string;
  /** Medians. */
  readonly before: number;
  readonly after: number;
  /**
   * The ratio of the medians, corrected for the speeds of the two machines by the baselines of both
   * runs. Deadlines are not corrected.
   */
  readonly ratio: number;
  /** The same ratio for the fastest samples. */
  readonly minRatio: number;
  readonly verdict: 'slower' | 'quicker' | 'same';
}

const USAGE = `Usage: node bench/compare.ts A.json B.json [--threshold 2]
  Compares two reports of npm run bench, or two of npm run bench:peers: B by A.
  Exits 1 where something of B is slower than the threshold.`;

/** Two runs of the same code on a shared machine differ by less. */
const DEFAULT_THRESHOLD = 2;
/** Differences below the resolution of clocks and timers are ignored, in milliseconds. */
const MIN_DIFFERENCE_MS = 0.005;
/** Fewer samples do not predict the next run. */
const MIN_SAMPLES = 8;

/**
 * Compares two reports, figure by figure.
 *
 * A figure counts as slower if its median and its fastest sample exceed the threshold, if even its
 * fastest sample is slower than the median of the other report, and if no baseline explains it. A busy
 * machine makes medians larger, but hardly ever every single sample.
 *
 * @throws If they have no figure in common.
 */
export function compare(a: unknown, b: unknown, threshold: number): readonly Comparison[] {
  const before = new Map(figuresOf(a).map((figure) => [figure.key, figure]));
  const pairs = figuresOf(b).flatMap((after) => {
    const match = before.get(after.key);
    return match === undefined ? [] : [{ before: match, after }];
  });
  if (pairs.length === 0) throw new Error('Cannot compare: the reports have no figure in common');
  const machine = machineRatios(pairs);
  return pairs
    .filter(({ after }) => !after.isBaseline)
    .map((pair) => comparisonOf(pair, scalesOf(pair, machine), threshold));
}

interface Pair {
  readonly before: ComparedFigure;
  readonly after: ComparedFigure;
}

/** The name of the baselines of the whole run. */
const WHOLE_RUN = '';

/** How much slower the second machine was, by the baselines of each family, and by all together. */
function machineRatios(pairs: readonly Pair[]): ReadonlyMap<string, number> {
  const ratios = new Map<string, number[]>();
  for (const { before, after } of pairs) {
    if (!before.isBaseline) continue;
    for (const family of [...before.families, WHOLE_RUN]) {
      ratios.set(family, [...(ratios.get(family) ?? []), after.p50 / before.p50]);
    }
  }
  return new Map([...ratios].map(([family, all]) => [family, middleOf(all)]));
}

function middleOf(ratios: readonly number[]): number {
  const sum = ratios.reduce((total, ratio) => total + Math.log(ratio), 0);
  return Math.exp(sum / ratios.length);
}

/** The possible divisors of a figure, the nearest first; 1 if it does not depend on the machine. */
function scalesOf({ before }: Pair, machine: ReadonlyMap<string, number>): readonly number[] {
  if (!before.scales) return [1];
  const found = [...before.families, WHOLE_RUN].flatMap((family) => machine.get(family) ?? []);
  return found.length > 0 ? found : [1];
}

function comparisonOf(pair: Pair, scales: readonly number[], threshold: number): Comparison {
  const { before, after } = pair;
  const { key, unit } = after;
  const [ratio, minRatio] = ratiosOf(pair, scales[0] ?? 1);
  const verdict = verdictOf(pair, scales, threshold);
  return { key, unit, before: before.p50, after: after.p50, ratio, minRatio, verdict };
}

/** The ratios of the medians, of the fastest samples, and of the fastest sample to the median. */
function ratiosOf(
  { before, after }: Pair,
  scale: number,
): readonly [median: number, quickest: number, overlap: number] {
  const { fixed } = before;
  const expected = (value: number) => fixed + Math.max(value - fixed, 0) * scale;
  const ratio = (value: number, old: number) => (expected(old) === 0 ? 1 : value / expected(old));
  return [ratio(after.p50, before.p50), ratio(after.min, before.min), ratio(after.min, before.p50)];
}

function verdictOf(
  pair: Pair,
  scales: readonly number[],
  threshold: number,
): Comparison['verdict'] {
  const { before, after } = pair;
  const differenceMs = Math.abs(after.p50 - before.p50) * (after.unit === 'µs' ? 0.001 : 1);
  if (differenceMs < MIN_DIFFERENCE_MS) return 'same';
  if (Math.min(before.samples, after.samples) < MIN_SAMPLES && before.scales) return 'same';
  const [median, quickest, overlap] = ratiosOf(pair, Math.max(...scales));
  if (median > threshold && quickest > threshold && overlap > 1) return 'slower';
  const [low, lowest] = ratiosOf(pair, Math.min(...scales));
  return low < 1 / threshold && lowest < 1 / threshold ? 'quicker' : 'same';
}

/** @returns The exit code: 1 if something is slower, 2 for invalid arguments. */
export function compareFiles(argv: readonly string[]): number {
  const options = optionsOf(argv);
  if (options === null) {
    console.error(USAGE);
    return 2;
  }
  const { files, threshold } = options;
  const [a, b] = files.map((file): unknown => JSON.parse(readFileSync(file, 'utf8')));
  const found = compare(a, b, threshold);
  const told = found
    .filter(({ verdict }) => verdict !== 'same')
    .toSorted((x, y) => y.ratio - x.ratio);
  const rows = told.map(({ key, before, after, unit, ratio, verdict }) => [
    key,
    { before: short(before), after: short(after), unit, ratio: short(ratio), verdict },
  ]);
  if (rows.length > 0) console.table(Object.fromEntries(rows));
  const slower = told.filter(({ verdict }) => verdict === 'slower').length;
  const quicker = told.length - slower;
  console.log(`${found.length} figures: ${slower} slower, ${quicker} quicker (by ${threshold} ×)`);
  return slower > 0 ? 1 : 0;
}

function optionsOf(argv: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { threshold: { type: 'string', default: String(DEFAULT_THRESHOLD) } },
    });
    const threshold = Number(values.threshold);
    if (positionals.length !== 2) throw new Error('Two reports are to be compared');
    if (!(threshold > 1)) throw new Error('--threshold must be more than 1');
    return { files: positionals, threshold };
  } catch (error) {
    console.error(messageOf(error));
    return null;
  }
}

function short(value: number): number {
  return Number(value.toPrecision(3));
}

if (import.meta.main) process.exitCode = compareFiles(process.argv.slice(2));
