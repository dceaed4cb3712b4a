/** What a host takes on. Over a limit the one call fails, and the error names who holds the rest. */
export interface HostLimits {
  /** Connections at once; one more is closed at once. Default 1,024. */
  readonly maxConnections: number;
  /** Sessions of all connections together. Default 1,024. */
  readonly maxSessions: number;
  /** Requests of one connection that have no answer yet. Default 4,096. */
  readonly maxRequests: number;
  /**
   * Bytes of encoded messages that a client may leave unread. From there on answers wait until it
   * reads, unencoded; the one that reaches the limit may go over it. Default 64 MiB.
   */
  readonly maxUnreadBytes: number;
  /** How long a new connection may stay silent, in milliseconds. Default 10,000. */
  readonly helloMs: number;
  /**
   * How long `open` may take to end after its signal was aborted, in milliseconds. The session is
   * abandoned then: whoever waits for it is told, and it is closed if it comes late. Default 2,000.
   */
  readonly abandonOpenMs: number;
}

/** The limits of a host that sets none. */
export const DEFAULT_HOST_LIMITS: HostLimits = {
  maxConnections: 1_024,
  maxSessions: 1_024,
  maxRequests: 4_096,
  maxUnreadBytes: 64 << 20,
  helloMs: 10_000,
  abandonOpenMs: 2_000,
};
