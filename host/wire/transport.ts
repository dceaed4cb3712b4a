/** What a transport tells its owner, in order; `closed` comes once, last. None of them may throw. */
export interface TransportReceiver {
  /**
   * One whole message: the bytes of its JSON text. They belong to the receiver from then on; others
   * may lie beside them in the same memory, so what is kept for long is better copied.
   */
  message(body: Buffer): void;
  /**
   * What the peer sends cannot be read any more. The moment to send a last message and `close`; where
   * that does not happen, all ends at once, and `closed` is told with the same error.
   */
  unreadable?(error: Error): void;
  /** Nothing comes or goes any more. Null where the peer, or this side, ended between two messages. */
  closed(error: Error | null): void;
}

/**
 * Moves whole messages between two peers, in order, and knows nothing of what they say.
 *
 * Every transport passes `test/contract/transport-contract.ts`.
 */
export interface Transport {
  /** Who is at the other end, for people and logs: `stdio`, `unix:/run/host.sock`. */
  readonly peer: string;

  /** Bytes that were sent and that the operating system, or the peer, has not taken yet. */
  readonly queuedBytes: number;

  /** Whether what is sent now goes out. */
  readonly isOpen: boolean;

  /** How long `close` may take, in milliseconds. */
  readonly closeWithinMs: number;

  /** Begins to read. To be called once; before that nothing is lost. */
  start(receiver: TransportReceiver): void;

  /**
   * Sends one message. What is sent in one turn leaves together. After the end it does nothing.
   *
   * @param body JSON text. Whoever sends has seen to it that it has at most `MAX_FRAME_BYTES` bytes.
   *   A `Buffer` is not copied, so it must not be changed afterwards.
   * @throws RangeError where it has more; nothing is sent then, and all goes on.
   */
  send(body: string | Buffer): void;

  /** What to wait for before sending more; undefined where there is room. Resolves at the end too. */
  drained(): Promise<void> | undefined;

  /** Stops reading for a while, so that the peer has to wait. No message comes until `resume`. */
  pause(): void;

  /** Reads on, from the next turn. */
  resume(): void;

  /**
   * Sends what is queued, then ends; no message comes any more. A peer that does not take it within
   * the time the transport was made with loses it, which `closed` tells.
   *
   * Resolves when it is over, `closed` told. Safe to call twice.
   */
  close(): Promise<void>;

  /** Ends at once; what is queued is lost. `closed` is told soon after, with this error. */
  destroy(error?: Error): void;
}
