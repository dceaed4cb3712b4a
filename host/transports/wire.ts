/** What a wire tells the transport over it, each time from a turn of its own or from `next`'s caller. */
export interface WireEvents {
  /** `next` may have something. */
  readable(): void;
  /** Some of what was queued was taken. */
  taken(): void;
  /** Nothing more comes in: the peer's end, or the error that broke the wire. Before `end` only. */
  ended(error: Error | null): void;
  /** The peer hears no more, for this reason where there is one. What it said may still come. Before `end` only. */
  deaf(error: Error | null): void;
  /** What `end` was to do is done, or failed. */
  finished(error: Error | null): void;
}

/**
 * What differs between transports: how bytes come and go. It keeps no time and decides nothing.
 *
 * Whatever the peer does is told as an event; none of its methods but `next` and `send` throws.
 */
export interface Wire {
  /** Bytes that were sent and not taken yet. */
  readonly queuedBytes: number;

  /** Called once, at once. Breaks are noticed from here on; nothing is read yet. */
  attach(events: WireEvents): void;

  /** Begins to read. Called once at most. */
  open(): void;

  /**
   * The next message that is here, or null.
   *
   * @throws Error where what the peer sent is no message, or ends within one.
   */
  next(): Buffer | null;

  /** @throws RangeError where the message is too large; nothing is sent then. */
  send(body: string | Buffer): void;

  /** Stops reading; what is here already stays. */
  pause(): void;

  /** Reads on. */
  resume(): void;

  /** Sends what is queued, ends, and tells `finished`. Called once at most; what comes in from here on is dropped. */
  end(): void;

  /** Lets go of everything at once. Nothing is told any more. Safe to call twice. */
  destroy(): void;
}
