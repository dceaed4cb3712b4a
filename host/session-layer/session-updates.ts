import type { ToolCall } from '../../src/delegate.ts';
import type { MissingReason, OutputItem } from '../../src/events.ts';
import type { CellEnd } from '../../src/live-events.ts';

/** How a prompt ended: as its cell did, or with an error of the session. */
export type PromptEnd =
  | CellEnd
  | { readonly type: 'missing'; readonly reason: MissingReason }
  | { readonly type: 'failed'; readonly error: Error };

/** A call of a tool without a handler. The reader answers it, once. */
export interface CallUpdate {
  readonly type: 'call';
  readonly call: ToolCall;
  /** Aborts when the program no longer wants the answer. */
  readonly signal: AbortSignal;
  /** @param result Any JSON value, or a `JsonText`. */
  respond(result: unknown): void;
  fail(error: Error): void;
}

/** An update that needs no answer. */
export type TellingUpdate =
  /** A prompt wrote output. */
  | { readonly type: 'output'; readonly cellId: string; readonly item: OutputItem }
  /** A tool of the session was called; its handler is running. */
  | { readonly type: 'tool'; readonly call: ToolCall }
  | {
      readonly type: 'notification';
      readonly cellId: string;
      readonly callId: string | null;
      readonly text: string;
    }
  /** A prompt has ended. No output of it follows. */
  | { readonly type: 'end'; readonly cellId: string; readonly end: PromptEnd }
  /** All callbacks of this cell have ended. */
  | { readonly type: 'closed'; readonly cellId: string }
  /** `missed` updates were dropped because they were not read in time; never output or ends. */
  | { readonly type: 'gap'; readonly missed: number };

/** The updates that a feed carries. A reader makes the others. */
export type FeedEvent = Exclude<TellingUpdate, { readonly type: 'notification' | 'gap' }>;

/** What happens in a session, in order, each update once. */
export type SessionUpdate = TellingUpdate | CallUpdate;
