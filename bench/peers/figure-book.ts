import { summary } from '../support/measurement.ts';
import type { FailureKind, Outcome, PeerFigure } from './outcome.ts';
import type { Task } from './task.ts';

type Failure = Extract<Outcome, { readonly ok: false }>;

/** Collects the results of one task by peer. */
export class FigureBook {
  readonly #task: Task;
  readonly #outcomes = new Map<string, Outcome[]>();

  constructor(task: Task) {
    this.#task = task;
  }

  add(peer: string, outcome: Outcome): void {
    const outcomes = this.#outcomes.get(peer) ?? [];
    outcomes.push(outcome);
    this.#outcomes.set(peer, outcomes);
  }

  /** An unsupported task stays unsupported in the next round, so it counts as many failures. */
  failuresOf(peer: string): number {
    const final = (kind: FailureKind) => kind === 'not supported' || kind === 'not available';
    return this.#failed(peer).reduce(
      (sum, { kind }) => sum + (final(kind) ? Number.POSITIVE_INFINITY : 1),
      0,
    );
  }

  figureOf(peer: string): PeerFigure {
    const { id, title, unit } = this.#task;
    const well = (this.#outcomes.get(peer) ?? []).filter((outcome) => outcome.ok);
    const all = well.flatMap(({ samples }) => samples);
    const medians = well.map(({ samples }) => summary(title, peer, unit, samples).p50);
    const failures = Map.groupBy(this.#failed(peer), ({ kind, detail }) => `${kind} ${detail}`);
    return {
      task: id,
      peer,
      unit,
      rounds: medians,
      figures: all.length === 0 ? null : figuresOf(all),
      failures: [...failures.values()].map(([first, ...others]) => ({
        kind: first!.kind,
        detail: first!.detail,
        rounds: 1 + others.length,
      })),
      remarks: [...new Set(well.flatMap(({ remark }) => remark ?? []))],
    };
  }

  #failed(peer: string): readonly Failure[] {
    return (this.#outcomes.get(peer) ?? []).filter((outcome) => !outcome.ok);
  }
}

function figuresOf(samples: readonly number[]) {
  const { min, p50, p95, p99, max, samples: count } = summary('', '', 'ms', samples);
  return { min, p50, p95, p99, max, samples: count };
}
