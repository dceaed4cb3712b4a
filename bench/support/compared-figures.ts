import type { PeerReport } from '../peers/peer-report.ts';
import type { Report } from './bench-report.ts';

/** One figure of a report, as comparisons need it. */
export interface ComparedFigure {
  /** Equal in two reports of the same work. */
  readonly key: string;
  /** The baselines that it is compared with, the nearest first: of the same table, of the same hour. */
  readonly families: readonly string[];
  readonly isBaseline: boolean;
  /** Whether it depends on the speed of the machine. */
  readonly scales: boolean;
  readonly unit: string;
  readonly min: number;
  readonly p50: number;
  readonly samples: number;
  /** The part of it that is a deadline. */
  readonly fixed: number;
}

const BASELINE_PEER = 'baseline node:vm';

/**
 * The figures of a report, of either kind.
 *
 * @throws If it is not a report.
 */
export function figuresOf(report: unknown): readonly ComparedFigure[] {
  const { kind } = (report ?? {}) as { readonly kind?: unknown };
  if (kind === 'bench') return figuresOfBench(report as Report);
  if (kind === 'peers') return figuresOfPeers(report as PeerReport);
  throw new Error('Cannot compare: not a report of npm run bench or npm run bench:peers');
}

function figuresOfBench({ results, pulses = [] }: Report): readonly ComparedFigure[] {
  const figures = results.map(({ suite, group, name, unit, min, p50, samples, fixed = 0 }) => ({
    key: `${suite}: ${group}: ${name}`,
    families: [`${suite}: ${group}`, suite],
    isBaseline: name.startsWith('baseline'),
    scales: scales(unit),
    unit,
    min,
    p50,
    samples,
    fixed,
  }));
  const around = pulses.map(({ suite, name, unit, min, p50, samples }) => ({
    key: `around ${suite}: ${name}`,
    families: [suite],
    isBaseline: true,
    scales: true,
    unit,
    min,
    p50,
    samples,
    fixed: 0,
  }));
  return [...figures, ...around];
}

/** A task with a bare context beside it has its baseline; the others share the rest of the run. */
function figuresOfPeers({ figures }: PeerReport): readonly ComparedFigure[] {
  return figures.flatMap(({ task, peer, unit, figures: found }) => {
    if (found === null) return [];
    const { min, p50, samples } = found;
    const figure = { scales: scales(unit), unit, min, p50, samples, fixed: deadlineOf(task, peer) };
    const isBaseline = peer === BASELINE_PEER && figure.scales;
    return [{ key: `${task}: ${peer}`, families: [task], isBaseline, ...figure }];
  });
}

/** How long a task waits on any machine, in milliseconds. */
function deadlineOf(task: string, peer: string): number {
  if (task.startsWith('limit-')) return 300;
  if (task === 'parallel') return 50;
  const waits = task.startsWith('stop-stubborn') && /^cellhost (isolate|process)/.test(peer);
  return waits ? 100 : 0;
}

function scales(unit: string): boolean {
  return unit === 'ms' || unit === 'µs';
}
