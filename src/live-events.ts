import type { CellEvent, CellFailure, OutputItem } from './events.ts';
import { lengthOfItem } from './events.ts';

/** What a cell is doing, as lists of cells say it. */
export type CellPhase = 'running' | 'held' | 'draining' | 'terminating' | 'completed';

/** Something that happened in a cell, told while it runs. */
export type LiveNews =
  /** The program showed something. Observing gets the same items, each once too. */
  | { readonly type: 'output'; readonly item: OutputItem }
  | { readonly type: 'tool-started'; readonly callId: string; readonly tool: string }
  /** A call was answered; `ok` is false where the program gets an error. One that was abandoned never is. */
  | { readonly type: 'tool-ended'; readonly callId: string; readonly ok: boolean }
  /** The program sent a notification; it may not have been delivered yet. */
  | { readonly type: 'notified'; readonly text: string }
  /** The cell came from one phase into another. Its first, `running`, and its last are not told. */
  | { readonly type: 'phase'; readonly phase: Exclude<CellPhase, 'completed'> };

/** How a cell ended. */
export type CellEnd =
  | {
      readonly type: 'completed';
      /** Null where the program ended well. */
      readonly failure: CellFailure | null;
      readonly notes: readonly string[];
    }
  | { readonly type: 'terminated' };

/** What a subscriber of a cell is told. The last is `completed`, `terminated` or `missing`. */
export type LiveEvent =
  | LiveNews
  /** So many of the events that came before those that follow were dropped: nobody took them in time. */
  | { readonly type: 'gap'; readonly missed: number }
  | CellEnd
  /** The cell is not there, and this is all there is to tell. */
  | Extract<CellEvent, { type: 'missing' }>;

/**
 * What happens to one cell, as it happens. One consumer at a time: it subscribes with its first
 * `next`, and leaves with `return`, with the abort of its signal, or with the last event. The next
 * one goes on where it left.
 */
export interface LiveEvents extends AsyncIterableIterator<LiveEvent, undefined, undefined> {
  /** @throws `cell_busy` where another subscriber is there; the signal's reason. Ends the subscription. */
  next(): Promise<IteratorResult<LiveEvent, undefined>>;
  /** The next event where it is there already; undefined where `next` would wait, or fail, or is over. */
  take(): LiveEvent | undefined;
  /** Unsubscribes. Who waits in `next` is told that it is over. */
  return(): Promise<IteratorReturnResult<undefined>>;
}

/** Whether nothing follows. */
export function isLast({ type }: LiveEvent): boolean {
  return type === 'completed' || type === 'terminated' || type === 'missing';
}

/** What news without a text of their own count for. */
const SMALL_BYTES = 64;

/** What it costs to keep an event, in bytes, or somewhat more. */
export function bytesOfEvent(event: LiveEvent): number {
  if (event.type === 'output') return SMALL_BYTES + 2 * lengthOfItem(event.item);
  return event.type === 'notified' ? SMALL_BYTES + 2 * event.text.length : SMALL_BYTES;
}
