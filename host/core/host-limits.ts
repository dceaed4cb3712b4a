/**
 * What a host accepts, over all wires together. A call that exceeds a limit fails alone; its error
 * names the limit.
 */
export interface HostLimits {
  /** Connections at once; one more is closed immediately. Default 1,024. */
  readonly maxConnections: number;
  /** Sessions of all connections together. Default 1,024. */
  readonly maxSessions: number;
  /** Unanswered requests of one connection. Default 4,096. */
  readonly maxRequests: number;
  /**
   * Bytes of encoded messages that a client may leave unread. Beyond that, answers wait unencoded
   * until it reads; the answer that reaches the limit may exceed it. Default 64 MiB.
   */
  readonly maxUnreadBytes: number;
  /**
   * Arguments and notifications that wait, of all sessions of one connection, in bytes; see
   * `SessionLimits.maxPendingBytes`. Default 768 MiB.
   */
  readonly maxConnectionPendingBytes: number;
  /** The same for all connections together. Default 1 GiB. */
  readonly maxHostPendingBytes: number;
  /** How long a new connection may stay silent, in milliseconds. Default 10,000. */
  readonly helloMs: number;
  /**
   * How long `open` may take to settle after its signal was aborted, in milliseconds. After that the
   * session is abandoned: requests that wait for it fail, and it is closed if it opens late.
   * Default 2,000.
   */
  readonly abandonOpenMs: number;
}

/** Finished requests, closed sessions and ended cells whose ids are remembered, because none may be used again. */
export const REMEMBERED_IDS = 4_096;

/** The limits of a host that sets none. */
export const DEFAULT_HOST_LIMITS: HostLimits = {
  maxConnections: 1_024,
  maxSessions: 1_024,
  maxRequests: 4_096,
  maxUnreadBytes: 64 << 20,
  maxConnectionPendingBytes: 768 << 20,
  maxHostPendingBytes: 1 << 30,
  helloMs: 10_000,
  abandonOpenMs: 2_000,
};
