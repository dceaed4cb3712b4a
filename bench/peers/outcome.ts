import type { Unit } from '../support/measurement.ts';

/** How an attempt at a task can fail. */
export type FailureKind =
  /** The process of the peer ended, or the one that embeds it. */
  | 'died'
  /** No answer within the bound of the task. */
  | 'timed out'
  /** A stop call that was not answered within its bound. */
  | 'never'
  | 'wrong answer'
  /** The peer offers no such thing. */
  | 'not supported'
  /** The peer said no: an error of its own. */
  | 'refused'
  /** It could not be installed or started. */
  | 'not available';

/** What came of one task in one process. */
export type Outcome =
  | { readonly ok: true; readonly samples: readonly number[]; readonly remark: string | null }
  | { readonly ok: false; readonly kind: FailureKind; readonly detail: string };

/** All that is known of one peer at one task. */
export interface PeerFigure {
  /** The id of the task. */
  readonly task: string;
  /** The id of the peer. */
  readonly peer: string;
  readonly unit: Unit;
  /** The median of each round that went well. */
  readonly rounds: readonly number[];
  /** Over the samples of all rounds; null where none went well. */
  readonly figures: {
    readonly min: number;
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
    readonly samples: number;
  } | null;
  /** What went wrong, each thing once, and in how many rounds. */
  readonly failures: readonly {
    readonly kind: FailureKind;
    readonly detail: string;
    readonly rounds: number;
  }[];
  /** What the peer's rounds have to say beside their figures, each thing once. */
  readonly remarks: readonly string[];
}
