import type { Drop, DropCounts } from './drop-log.ts';
import type { Registration, Sink, Traffic } from './routed-items.ts';
import type { RouterLimits } from './router-limits.ts';

/** Options of a router. */
export interface PendingRouterOptions<T extends Traffic> {
  readonly limits?: Partial<RouterLimits> | undefined;
  /** Set if the ids are cells of this one session; a function if its id becomes known later. Errors carry it. */
  readonly sessionId?: string | (() => string | undefined) | undefined;
  /** Called with every item that is not delivered or whose sink threw, after it was answered. Its errors are counted. */
  readonly onDrop?: ((drop: Drop<T>) => void) | undefined;
}

/** What became of an item by the time `route` returns. */
export type RouteResult =
  /** The sink took it. */
  | 'delivered'
  /** It waits for a sink, or behind the current delivery. Also for a request that was cancelled before: it is answered. */
  | 'buffered'
  /** A guard took it before its id was claimed. */
  | 'served-early'
  /** Its id or the router was closed. */
  | 'closed'
  /** Its id is unknown, and no guard is open. */
  | 'unknown';

/** Announces a new id, so that items for unknown ids are parked. Taken with `using`. */
export interface Guard<T extends Traffic> extends Disposable {
  /**
   * Registers the id that this guard was opened for, and delivers the items that wait for it before
   * it returns. A guard claims once, and stays open.
   *
   * @throws What the router was closed with; `invalid_argument` if the guard has ended or claimed, or
   * if the id is registered, or belongs to another guard by its token.
   */
  claim(id: string, sink: Sink<T>): Registration<T>;

  /**
   * Closes the id that this guard was opened for: requests that wait for it are answered -32001, and
   * so are later ones. The guard stays open, and can no longer claim.
   *
   * @param reason For `onDrop`.
   * @returns False, and does nothing, if the id is taken or the guard has ended or claimed.
   */
  discard(id: string, reason?: unknown): boolean;

  /**
   * Ends the guard. Unclaimed requests that came with its token are answered -32603; with the last
   * guard, so are all requests that wait. Safe to call twice.
   *
   * @param reason For `onDrop`.
   */
  release(reason?: unknown): void;
}

/**
 * What a router holds, and what it has done.
 *
 * Each item received is counted in one of `delivered`, `servedEarly`, `parked` and `dropped`.
 */
export interface RouterStats {
  readonly received: number;
  readonly delivered: number;
  readonly servedEarly: number;
  readonly dropped: DropCounts;
  /** Items that wait now, for a sink or behind a delivery. */
  readonly parked: number;
  /** The `bytes` of the items that wait for a sink. */
  readonly parkedBytes: number;
  readonly pendingIds: number;
  readonly liveIds: number;
  readonly closedIds: number;
  readonly guards: number;
  /** Gap markers that were delivered. */
  readonly gaps: number;
  /** Answers that were dropped, because they came second or after the router was closed. */
  readonly ignoredReplies: number;
  /** How often `reply` or `onDrop` threw. */
  readonly hookFailures: number;
}
