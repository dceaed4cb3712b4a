import type { ReportedMeasurement } from '../support/bench-report.ts';
import { short, withUnit } from './figures.ts';
import type { Placed } from './line-picture.ts';

const PLACES: Readonly<Record<string, string>> = {
  'in process': 'embedded',
  'in sandbox processes': 'sandbox processes',
};

export function place(
  measurement: ReportedMeasurement,
  axis: string,
  series: string,
  panel = '',
): Placed {
  return { panel, series, x: Number(measurement.dimensions?.[axis]), measurement };
}

export function placeName({ dimensions }: ReportedMeasurement): string {
  const name = String(dimensions?.place);
  return PLACES[name] ?? name;
}

export function of(points: readonly Placed[], series: string): readonly Placed[] {
  return points.filter((each) => each.series === series);
}

/** The median at the end of a line. */
export function figure(points: readonly Placed[]): string {
  const end = points.at(-1)?.measurement;
  return end === undefined ? 'an unknown time' : withUnit(end.p50, end.unit);
}

/** Where lines end. */
export function last(points: readonly Placed[]): string {
  return points.length === 0 ? 'no' : short(Math.max(...points.map(({ x }) => x)));
}

export function worst(points: readonly Placed[]): number {
  return Math.max(...points.map(({ measurement }) => measurement.p50));
}

/** A phrase for each line. */
export function list(
  points: readonly Placed[],
  phrase: (line: readonly Placed[], series: string, panel: string) => string,
): string {
  const lines = Map.groupBy(points, ({ panel, series }) => `${panel}/${series}`);
  return [...lines.values()]
    .map((line) => phrase(line, line[0]!.series, line[0]!.panel))
    .join(', ');
}
