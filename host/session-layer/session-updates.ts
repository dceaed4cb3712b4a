import type { ToolCall } from '../../src/delegate.ts';
import type { MissingReason, OutputItem } from '../../src/events.ts';
import type { CellEnd } from '../../src/live-events.ts';

/** How a prompt ended: as its cell did, or with an error of whoever ran it. */
export type PromptEnd =
  | CellEnd
  | { readonly type: 'missing'; readonly reason: MissingReason }
  | { readonly type: 'failed'; readonly error: Error };

/** A call of a tool that this session has no handler for. Whoever reads it answers it, once. */
export interface CallUpdate {
  readonly type: 'call';
  readonly call: ToolCall;
  /** Aborts when the program does not want the answer any more. */
  readonly signal: AbortSignal;
  /** @param result Any JSON value, or a `JsonText`. */
  respond(result: unknown): void;
  fail(error: Error): void;
}

/** Something that is told and wants no answer. */
export type TellingUpdate =
  /** A prompt showed something. */
  | { readonly type: 'output'; readonly cellId: string; readonly item: OutputItem }
  /** A tool of the session was called; its handler is at work. */
  | { readonly type: 'tool'; readonly call: ToolCall }
  | {
      readonly type: 'notification';
      readonly cellId: string;
      readonly callId: string | null;
      readonly text: string;
    }
  /** A prompt is over. Nothing it showed follows. */
  | { readonly type: 'end'; readonly cellId: string; readonly end: PromptEnd }
  /** No callback of this cell runs any more. */
  | { readonly type: 'closed'; readonly cellId: string }
  /** So many updates are missing here, because nobody read in time; never output or ends. */
  | { readonly type: 'gap'; readonly missed: number };

/** Of those, what is told to whoever has the session; the rest is what becomes of others at a reader. */
export type FeedEvent = Exclude<TellingUpdate, { readonly type: 'notification' | 'gap' }>;

/** What happens in a session, in order, each thing once. */
export type SessionUpdate = TellingUpdate | CallUpdate;
