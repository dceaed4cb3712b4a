/** The types that both halves of the bridge share. Only primitives and JSON text cross it. */

/**
 * A message of the isolate to the host: a kind and primitives.
 *
 * - `text` text, `image` url detail, `audio` url: output
 * - `yield`
 * - `notify` text
 * - `calls` (id index json|undefined|length)…: tool calls, in call order, by `upMany`; a length stands for
 *   JSON text that came before, in pieces
 * - `piece` text: of the next such JSON text
 * - `timer` id delayMs, `clear` id
 * - `store` key json
 * - `begun`: the program was compiled and starts
 * - `end` text|undefined: the program has ended; with an error text if it failed
 * - `exit`: the program has ended itself, and the rest of what it does has no effect
 * - `lasting`: the program leaves something that V8 may run when it is over
 */
export type Up = (kind: UpKind, a?: string | number, b?: string | number) => void;

export type UpKind =
  | 'text'
  | 'image'
  | 'audio'
  | 'yield'
  | 'notify'
  | 'calls'
  | 'piece'
  | 'timer'
  | 'clear'
  | 'store'
  | 'begun'
  | 'end'
  | 'exit'
  | 'lasting';

/** The host's functions for the bootstrap. The program never gets them. */
export interface Bridge {
  readonly up: Up;
  /** Like `up`, with everything in one array-like object, the kind first. */
  readonly upMany: (values: ArrayLike<string | number | undefined>) => void;
  /** Waits until the host has taken everything sent so far. */
  readonly flush: () => void;
  /** Sets whether the host's own thread is inside. It then takes each message in place. */
  readonly enteredDirectly: (direct: boolean) => void;
  /** JSON text of a stored value whose key is in `StartConfig.remoteKeys`. */
  readonly fetch: (key: string) => string;
}

/** What a program starts with. */
export interface StartConfig {
  readonly tools: readonly { readonly identifier: string; readonly description: string }[];
  readonly values: readonly (readonly [key: string, json: string])[];
  /** Keys whose values are fetched when they are loaded. */
  readonly remoteKeys: readonly string[];
  /** Length of all stored values, in UTF-16 units. */
  readonly valuesLength: number;
  readonly toolErrors: 'error' | 'string';
  readonly console: boolean;
}

/** The bounds that the isolate's half enforces. */
export interface GuestLimits {
  readonly maxPendingCalls: number;
  readonly maxPendingNotifications: number;
  readonly maxTimers: number;
  readonly maxValueLength: number;
  readonly maxStoredLength: number;
  readonly maxStoredKeys: number;
}

/** Wrapped, so that it is copied into the memory that the isolate manages itself. */
export type Piece = readonly [text: string];

/**
 * The function with which the host delivers.
 *
 * @param direct Whether the host's own thread enters.
 * @param notified How many notifications have ended.
 * @param timer A timer that fired, which comes alone; 0 for none.
 * @param answers For each answered call its id, negative for a failure, and the JSON text of its result
 *   or the message of its error. If that is long, it comes alone and in pieces.
 */
export type Deliver = (
  direct: boolean,
  notified: number,
  timer: number,
  ...answers: readonly (number | string | Piece)[]
) => void;
