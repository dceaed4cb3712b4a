import type { ErrorCode } from '../errors.ts';
import type { CellFailure, OutputItem, PendingCall } from '../events.ts';
import type { CellEnd } from '../live-events.ts';
import type { ProgramEnd } from '../sandbox.ts';

/** A caller that waits for a cell. A timer or the program can wake `yield`, but not `pending`. */
export interface Observer {
  readonly id: number;
  readonly mode: 'yield' | 'pending';
}

/** Unread output, newest first, so that adding to it takes constant time. */
export type Backlog = { readonly item: OutputItem; readonly before: Backlog } | null;

/** A moment at which the program was paused. */
export interface Frontier {
  readonly generation: number;
  readonly items: readonly OutputItem[];
  readonly pendingCalls: readonly PendingCall[];
  readonly delivered: boolean;
}

/** How the program runs: freely, or from frontier to frontier. */
export interface Stepping {
  readonly hold: boolean;
  /** The number of frontiers reached so far. */
  readonly latest: number;
  /** The frontier at which it is paused, if it is. */
  readonly held: Frontier | null;
}

/** The life of a cell. A field exists only in the phases in which it means something. */
export type CellState =
  | {
      readonly phase: 'running';
      readonly backlog: Backlog;
      readonly observer: Observer | null;
      readonly stepping: Stepping;
      /** Whether the program waits for its turn to run. */
      readonly isWaiting: boolean;
    }
  | {
      readonly phase: 'draining';
      readonly backlog: Backlog;
      readonly observer: Observer | null;
      readonly latest: number;
      readonly end: ProgramEnd;
    }
  | {
      readonly phase: 'committing';
      readonly backlog: Backlog;
      readonly observer: Observer | null;
      readonly latest: number;
      readonly end: ProgramEnd;
    }
  | {
      readonly phase: 'terminating';
      readonly backlog: Backlog;
      readonly waiting: readonly number[];
    }
  | {
      readonly phase: 'completed';
      readonly backlog: Backlog;
      readonly latest: number;
      readonly end: ProgramEnd;
    }
  | { readonly phase: 'closed' };

/** A state in one phase. */
export type Phase<P extends CellState['phase']> = Extract<CellState, { phase: P }>;

/** What happened. Ids identify the caller, so that it can be answered. */
export type Input =
  | { readonly type: 'output'; readonly item: OutputItem }
  | { readonly type: 'yield-control' }
  | { readonly type: 'waits'; readonly isWaiting: boolean }
  | { readonly type: 'frontier'; readonly pendingCalls: readonly PendingCall[] }
  | { readonly type: 'finish'; readonly end: ProgramEnd }
  | { readonly type: 'callbacks-closed' }
  | { readonly type: 'committed'; readonly notes: readonly string[] }
  | { readonly type: 'observe'; readonly observer: Observer }
  | { readonly type: 'unobserve'; readonly id: number }
  | { readonly type: 'elapsed'; readonly id: number }
  | { readonly type: 'resume'; readonly id: number; readonly generation: number }
  | { readonly type: 'terminate'; readonly id: number };

/** An event without the id of its cell. */
export type Answer =
  | { readonly type: 'yielded'; readonly items: readonly OutputItem[] }
  | {
      readonly type: 'pending';
      readonly items: readonly OutputItem[];
      readonly generation: number;
      readonly pendingCalls: readonly PendingCall[];
    }
  | {
      readonly type: 'completed';
      readonly items: readonly OutputItem[];
      readonly failure: CellFailure | null;
      readonly notes: readonly string[];
    }
  | { readonly type: 'terminated'; readonly items: readonly OutputItem[] }
  | { readonly type: 'missing' };

/** What to do about it. An effect that can cause the next input synchronously comes last in a step. */
export type Effect =
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }
  | {
      readonly type: 'refuse';
      readonly id: number;
      readonly code: ErrorCode;
      readonly latest?: number;
    }
  | {
      readonly type: 'resumed';
      readonly id: number;
      readonly result: 'resumed' | 'already-running' | 'missing';
    }
  | { readonly type: 'arm-yield-timer'; readonly id: number }
  | { readonly type: 'hold' }
  | { readonly type: 'release' }
  | { readonly type: 'step' }
  | { readonly type: 'kill-sandbox' }
  | { readonly type: 'drain-callbacks' }
  | { readonly type: 'cancel-callbacks' }
  /** Commit what the program stored. */
  | { readonly type: 'commit' }
  /** No callback runs any more. */
  | { readonly type: 'announce-closed'; readonly end: CellEnd }
  /** The cell can no longer be observed. */
  | { readonly type: 'retire'; readonly reason: 'delivered' | 'terminated' | 'lost' };

/** The next state, then the effects. */
export type Step = readonly [CellState, ...Effect[]];
