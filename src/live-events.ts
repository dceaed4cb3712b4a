import type { CellEvent, CellFailure, OutputItem } from './events.ts';
import { textOfItem } from './events.ts';

/** What a cell is doing, as lists of cells say it. */
export type CellPhase = 'running' | 'held' | 'draining' | 'terminating' | 'completed';

/** Something that happened in a cell while it ran. */
export type LiveNews =
  /** The program showed something. Observing a cell returns the same items. */
  | { readonly type: 'output'; readonly item: OutputItem }
  | { readonly type: 'tool-started'; readonly callId: string; readonly tool: string }
  /** A call was answered; `ok` is false if the program gets an error. An abandoned call never ends. */
  | { readonly type: 'tool-ended'; readonly callId: string; readonly ok: boolean }
  /** The program sent a notification, which may not have been delivered yet. */
  | { readonly type: 'notified'; readonly text: string }
  /** The cell entered another phase. Its first, `running`, and its last are not reported. */
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

/** Where an event stands in the record of its cell. */
export interface EventPlace {
  /** Counts the events of one cell from 1. A gap has the number of the last event that is missing; `missing` has 0. */
  readonly seq: number;
  /** When it happened, in milliseconds since 1970-01-01 UTC. */
  readonly atMs: number;
}

/** What a reader of a cell's events gets. The last one is `completed`, `terminated` or `missing`. */
export type LiveEvent = EventPlace &
  (
    | LiveNews
    /** This many events were dropped before they were read. */
    | { readonly type: 'gap'; readonly missed: number }
    | CellEnd
    /** There is no such cell, and no other event. */
    | Extract<CellEvent, { type: 'missing' }>
  );

/** What to read of a cell's events. */
export interface EventsOptions {
  /** Only events with a greater `seq`, such as the last one that was read before. Default: 0. */
  readonly after?: number;
  /** Ends the subscription: `next` rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * What happens in one cell, as it happens, for one reader.
 *
 * Reading starts with the first `next`, and ends with `return`, with the abort of its signal, or
 * with the last event. Any number of readers read a cell at their own pace and take nothing from
 * each other.
 */
export interface LiveEvents extends AsyncIterableIterator<LiveEvent, undefined, undefined> {
  /** @throws The signal's reason; ends the subscription. */
  next(): Promise<IteratorResult<LiveEvent, undefined>>;
  /** The next event if it is there already; undefined if `next` would wait or fail, or is over. */
  take(): LiveEvent | undefined;
  /** Ends the subscription. Pending calls of `next` resolve as done. */
  return(): Promise<IteratorReturnResult<undefined>>;
}

/** Whether no event follows. */
export function isLast({ type }: LiveEvent): boolean {
  return type === 'completed' || type === 'terminated' || type === 'missing';
}

/** What an event without a text of its own counts for. */
const SMALL_BYTES = 64;

/** What it costs to keep an event, in bytes, or somewhat more. */
export function bytesOfEvent(event: LiveNews | LiveEvent): number {
  if (event.type === 'output') return SMALL_BYTES + 2 * textOfItem(event.item).length;
  return event.type === 'notified' ? SMALL_BYTES + 2 * event.text.length : SMALL_BYTES;
}
