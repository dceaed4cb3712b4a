/** JSON text, as a string, as bytes, or as bytes in parts that follow each other. Bytes are not copied, so they must not be changed afterwards. */
export type MessageBody = string | Buffer | readonly Buffer[];

/** What a transport reports to its owner, in order; `closed` comes once, last. The methods must not throw. */
export interface TransportReceiver {
  /**
   * One whole message: the bytes of its JSON text, which belong to the receiver from now on. Other
   * messages may share their memory, so copy what you keep for long.
   */
  message(body: Buffer): void;
  /**
   * The peer's data can no longer be read. Send a last message and `close` now; otherwise the
   * transport ends at once, and `closed` is called with the same error.
   */
  unreadable?(error: Error): void;
  /** The transport has ended. Null if either side ended it between two messages. */
  closed(error: Error | null): void;
}

/**
 * Moves whole messages between two peers, in order, and knows nothing of their content.
 *
 * Every transport passes `test/contract/transport-contract.ts`.
 */
export interface Transport {
  /** Names the other end, for people and logs: `stdio`, `unix:/run/host.sock`. */
  readonly peer: string;

  /** How many sent bytes the operating system, or the peer, has not taken yet. */
  readonly queuedBytes: number;

  /** Whether messages can still be sent. */
  readonly isOpen: boolean;

  /** How long `close` may take, in milliseconds. */
  readonly closeWithinMs: number;

  /** Starts reading. Call this once; nothing is lost before. */
  start(receiver: TransportReceiver): void;

  /**
   * Sends one message. The messages of one turn leave together. After the end it does nothing.
   *
   * @param body JSON text of at most `MAX_FRAME_BYTES` bytes, which the caller ensures.
   * @throws RangeError if it is longer; then nothing is sent, and the transport continues.
   */
  send(body: MessageBody): void;

  /** What to wait for before sending more; undefined if there is room. Also resolves at the end. */
  drained(): Promise<void> | undefined;

  /** Pauses reading, so that the peer has to wait. No message arrives until `resume`. */
  pause(): void;

  /** Resumes reading, in the next turn. */
  resume(): void;

  /**
   * Sends what is queued, then ends; no more messages arrive. If the peer does not take the rest
   * within `closeWithinMs`, it is lost, and `closed` reports that.
   *
   * Resolves after `closed`. Safe to call twice.
   */
  close(): Promise<void>;

  /** Ends at once; what is queued is lost. `closed` follows soon, with this error. */
  destroy(error?: Error): void;
}
