import type { Drop, DropCounts } from './drop-log.ts';
import type { Registration, Sink, Traffic } from './routed-items.ts';
import type { RouterLimits } from './router-limits.ts';

/** What a router is made of. */
export interface PendingRouterOptions<T extends Traffic> {
  readonly limits?: Partial<RouterLimits> | undefined;
  /** Set where the ids are cells of this one session; a function where its id becomes known later. Errors carry it. */
  readonly sessionId?: string | (() => string | undefined) | undefined;
  /** Told of every item that is not delivered well, after it was answered. What it throws is counted, no more. */
  readonly onDrop?: ((drop: Drop<T>) => void) | undefined;
}

/** What became of an item, as far as is known when `route` returns. */
export type RouteResult =
  /** Its sink has it. */
  | 'delivered'
  /** It waits for its sink, or behind what its sink is busy with; a request that was cancelled before is answered. */
  | 'buffered'
  /** What is being created took it. */
  | 'served-early'
  /** Its id was let go of, or the router was closed. */
  | 'closed'
  /** Nobody knows its id, and nothing is being created. */
  | 'unknown';

/** Says that an id is on its way, so that what comes for unknown ids is kept. Taken with `using`. */
export interface Guard<T extends Traffic> extends Disposable {
  /**
   * Registers the id this guard was opened for and delivers what waits for it before it returns. Once;
   * the guard stays open.
   *
   * @throws What the router was closed with; `invalid_argument` where the guard has ended or has
   * claimed, and where the id is registered, or another guard's by its token.
   */
  claim(id: string, sink: Sink<T>): Registration<T>;

  /**
   * Gives up the id this guard was opened for: what waits for it is answered -32001, and so is what
   * still comes. The guard stays open, and cannot claim any more.
   *
   * @param reason For `onDrop`.
   * @returns False, where nothing happens: somebody else has the id, or this guard has ended or claimed.
   */
  discard(id: string, reason?: unknown): boolean;

  /**
   * Ends the guard. What came with its token and was not claimed is answered -32603 and no longer
   * waited for; with the last guard, so is everything that waits. Safe to call twice.
   *
   * @param reason For `onDrop`.
   */
  release(reason?: unknown): void;
}

/**
 * What a router holds, and what it did.
 *
 * Each item received is in one of `delivered`, `servedEarly`, `parked`, and `dropped`.
 */
export interface RouterStats {
  readonly received: number;
  readonly delivered: number;
  readonly servedEarly: number;
  readonly dropped: DropCounts;
  /** Items that wait now, for a sink or behind one. */
  readonly parked: number;
  /** What those that wait for a sink cost, as their `bytes` say. */
  readonly parkedBytes: number;
  readonly pendingIds: number;
  readonly liveIds: number;
  readonly closedIds: number;
  readonly guards: number;
  /** Gap markers that were delivered. */
  readonly gaps: number;
  /** Answers that were dropped: there was one before, or the router was closed. */
  readonly ignoredReplies: number;
  /** How often `reply` or `onDrop` threw at the router. */
  readonly hookFailures: number;
}
