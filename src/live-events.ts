import type { CellEvent, CellFailure, OutputItem } from './events.ts';
import { textOfItem } from './events.ts';

/** What a cell is doing, as `cells()` reports it. */
export type CellPhase = 'running' | 'waiting' | 'held' | 'draining' | 'terminating' | 'completed';

/** Something that happened in a cell while it ran. */
export type LiveNews =
  /** The program produced output. Observing the cell returns the same items. */
  | { readonly type: 'output'; readonly item: OutputItem }
  | { readonly type: 'tool-started'; readonly callId: string; readonly tool: string }
  /** A call was answered; `ok` is false if the answer is an error. An abandoned call has no such event. */
  | { readonly type: 'tool-ended'; readonly callId: string; readonly ok: boolean }
  /** The program sent a notification, which may not have been delivered yet. */
  | { readonly type: 'notified'; readonly text: string }
  /** The cell entered another phase. The first, `running`, and the last are not reported. */
  | { readonly type: 'phase'; readonly phase: Exclude<CellPhase, 'completed'> };

/** How a cell ended. */
export type CellEnd =
  | {
      readonly type: 'completed';
      /** Null if the program ended without an error. */
      readonly failure: CellFailure | null;
      readonly notes: readonly string[];
    }
  | { readonly type: 'terminated' };

/** The position of an event in the record of its cell. */
export interface EventPlace {
  /** The number of the event in its cell, from 1. A gap has the number of the last missing event; `missing` has 0. */
  readonly seq: number;
  /** When it happened, in milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
}

/** An event as a reader gets it. The last event of a cell is `completed`, `terminated` or `missing`. */
export type LiveEvent = EventPlace &
  (
    | LiveNews
    /** This many events were dropped before they were read. */
    | { readonly type: 'gap'; readonly missed: number }
    | CellEnd
    /** There is no such cell. No other event follows. */
    | Extract<CellEvent, { type: 'missing' }>
  );

/** Which events of a cell to read. */
export interface EventsOptions {
  /** Skips events up to this `seq`; to continue, pass the `seq` that was read last. Default: 0. */
  readonly after?: number;
  /** Ends the subscription: `next` rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * A live subscription to the events of one cell.
 *
 * Reading starts with the first `next` and ends with `return`, when its signal aborts, or after the
 * last event. Any number of readers read a cell at their own pace, independently of each other.
 */
export interface LiveEvents extends AsyncIterableIterator<LiveEvent, undefined, undefined> {
  /** @throws The signal's reason; ends the subscription. */
  next(): Promise<IteratorResult<LiveEvent, undefined>>;
  /** The next event if it is available; undefined if `next` would wait, fail or be done. */
  take(): LiveEvent | undefined;
  /** Ends the subscription. Pending calls of `next` resolve as done. */
  return(): Promise<IteratorReturnResult<undefined>>;
}

/** Whether this is the last event of its cell. */
export function isLast({ type }: LiveEvent): boolean {
  return type === 'completed' || type === 'terminated' || type === 'missing';
}

/** The size of an event without text, in bytes. */
const SMALL_BYTES = 64;

/** The estimated cost of keeping an event, in bytes. */
export function bytesOfEvent(event: LiveNews | LiveEvent): number {
  if (event.type === 'output') return SMALL_BYTES + 2 * textOfItem(event.item).length;
  return event.type === 'notified' ? SMALL_BYTES + 2 * event.text.length : SMALL_BYTES;
}
