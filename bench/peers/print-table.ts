import type { PeerFigure } from './outcome.ts';
import type { Task } from './task.ts';

/** Prints the results of one task, a line for each peer. */
export function printTable(task: Task, figures: readonly PeerFigure[]): void {
  console.log(`\n${task.id}: ${task.title}, ${task.unit}`);
  const rows = figures.map(({ peer, figures: found, failures, remarks }) => {
    const { p50 = null, p95 = null, max = null, samples = 0 } = found ?? {};
    const trouble = failures.map(({ kind, detail, rounds }) => `${rounds} × ${kind}: ${detail}`);
    const note = [...trouble, ...remarks].join('; ').slice(0, 120);
    return [peer, { p50: short(p50), p95: short(p95), max: short(max), samples, note }];
  });
  console.table(Object.fromEntries(rows));
}

function short(value: number | null): number | string {
  if (value === null) return '–';
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
