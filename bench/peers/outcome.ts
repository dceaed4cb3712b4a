import type { Unit } from '../support/measurement.ts';

/** How an attempt at a task can fail. */
export type FailureKind =
  /** The process of the peer, or its embedding process, ended. */
  | 'died'
  /** No answer within the bound of the task. */
  | 'timed out'
  /** A stop call was not answered within its bound. */
  | 'never'
  | 'wrong answer'
  /** The peer does not support it. */
  | 'not supported'
  /** The peer refused with its own error. */
  | 'refused'
  /** It could not be installed or started. */
  | 'not available';

/** The result of one task in one process. */
export type Outcome =
  | { readonly ok: true; readonly samples: readonly number[]; readonly remark: string | null }
  | { readonly ok: false; readonly kind: FailureKind; readonly detail: string };

/** All results of one peer at one task. */
export interface PeerFigure {
  /** The id of the task. */
  readonly task: string;
  /** The id of the peer. */
  readonly peer: string;
  readonly unit: Unit;
  /** The median of each successful round. */
  readonly rounds: readonly number[];
  /** Over the samples of all rounds; null if none succeeded. */
  readonly figures: {
    readonly min: number;
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
    readonly samples: number;
  } | null;
  /** Each failure once, and in how many rounds it happened. */
  readonly failures: readonly {
    readonly kind: FailureKind;
    readonly detail: string;
    readonly rounds: number;
  }[];
  /** The remarks of the peer's rounds, each once. */
  readonly remarks: readonly string[];
}
