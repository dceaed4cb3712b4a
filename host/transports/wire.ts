import type { MessageBody } from '../wire/transport.ts';

/** What a wire reports to its transport, each time in a separate turn or inside `next`. */
export interface WireEvents {
  /** `next` may have something. */
  readable(): void;
  /** Some of the queued data was taken. */
  taken(): void;
  /** Nothing more arrives: the peer has ended, or this error broke the wire. Only before `end`. */
  ended(error: Error | null): void;
  /** The peer no longer reads, for this reason if it is known. Its data may still arrive. Only before `end`. */
  deaf(error: Error | null): void;
  /** `end` has completed, or failed. */
  finished(error: Error | null): void;
}

/**
 * The part that differs between transports: how bytes move. It has no timers and decides nothing.
 *
 * Everything that the peer does is reported as an event. Only `next` and `send` can throw.
 */
export interface Wire {
  /** How many sent bytes have not been taken yet. */
  readonly queuedBytes: number;

  /** Called once, immediately. Failures are noticed from now on; nothing is read yet. */
  attach(events: WireEvents): void;

  /** Starts reading. Called at most once. */
  open(): void;

  /**
   * The next message that has arrived, or null.
   *
   * @throws Error if the peer's data is not a message, or ends within one.
   */
  next(): Buffer | null;

  /** @throws RangeError if the message is too large; then nothing is sent. */
  send(body: MessageBody): void;

  /** Pauses reading; what has arrived stays. */
  pause(): void;

  /** Resumes reading. */
  resume(): void;

  /** Sends what is queued, ends, and reports `finished`. Called at most once; data that arrives from now on is dropped. */
  end(): void;

  /** Releases everything at once, and reports nothing more. Safe to call twice. */
  destroy(): void;
}
