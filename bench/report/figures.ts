import type { PeerFigure } from '../peers/outcome.ts';
import type { MeasuredPeer, PeerReport } from '../peers/peer-report.ts';
import type { Report, ReportedMeasurement } from '../support/bench-report.ts';

/** The reports of a document. Any of them may be missing; then its parts say so. */
export interface Reports {
  readonly bench: Report | null;
  readonly peers: PeerReport | null;
  readonly soak: Report | null;
  readonly hosts: HostsReport | null;
}

/** The results of another project's client, by line: our host is `a`, the other one `b`. */
export type HostsReport = Readonly<
  Record<
    string,
    { readonly a: number | string; readonly b: number | string; readonly 'a/b': number | string }
  >
>;

/** A figure of the benches of this project. */
export function measurementOf(
  { bench }: Reports,
  suite: string,
  group: RegExp,
  name: RegExp,
): ReportedMeasurement | null {
  const found = bench?.results.filter(
    (each) => each.suite === suite && group.test(each.group) && name.test(each.name),
  );
  return found?.[0] ?? null;
}

/** All figures of a suite; empty if it was not run. */
export function suiteOf({ bench }: Reports, suite: string): readonly ReportedMeasurement[] {
  return bench?.results.filter((each) => each.suite === suite) ?? [];
}

/** The figures of one peer for one task; null if it did not run the task. */
export function peerFigure({ peers }: Reports, task: string, peer: string): PeerFigure | null {
  return peers?.figures.find((each) => each.task === task && each.peer === peer) ?? null;
}

/** The peers that were measured, in the order of the report. */
export function measuredPeers({ peers }: Reports): readonly MeasuredPeer[] {
  return peers?.peers ?? [];
}

/** A number as tables show it, with three significant digits. */
export function short(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(size >= 10 ? 3 : 2)));
}

/** A number with a unit, in the most readable unit. */
export function withUnit(value: number, unit: string): string {
  if (unit === 'ms' && Math.abs(value) < 0.1) return `${short(value * 1_000)} µs`;
  if (unit === 'ms' && Math.abs(value) >= 10_000) return `${short(value / 1_000)} s`;
  return unit === 'count' ? short(value) : `${short(value)} ${unit}`;
}

/** The failure of a peer, in a word or two. */
export function failureText({ failures }: PeerFigure): string {
  const [first] = failures;
  if (first === undefined) return '–';
  switch (first.kind) {
    case 'not supported':
      return 'not offered';
    case 'never':
      return 'never';
    case 'timed out':
      return 'no answer';
    case 'died':
    case 'refused':
    case 'wrong answer':
    case 'not available':
      return first.kind;
  }
}
