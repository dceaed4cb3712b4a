import { withDefaults } from '../limits.ts';
import { type Arrival, ArrivalQueues } from './arrival-queues.ts';
import { DropLog } from './drop-log.ts';
import { IdTable, type Refusal } from './id-table.ts';
import type { GuardOptions, OpenGuard } from './open-guards.ts';
import {
  type Item,
  type Registration,
  type RoutedItem,
  RoutedRequest,
  type Sink,
  type Traffic,
} from './routed-items.ts';
import { DEFAULT_ROUTER_LIMITS, type RouterLimits } from './router-limits.ts';
import type { Guard, PendingRouterOptions, RouteResult, RouterStats } from './router-types.ts';

/**
 * Delivers events and requests by id, even if they come before their id is known.
 *
 * While a guard is open, items for unknown ids are parked, one line per id, within limits, until the
 * id is claimed or the last guard ends. Each id gets its items in the order in which they came. Each
 * request is delivered once or answered once. Everything happens inside calls of this class, except
 * that a request leaves when it is cancelled or has waited too long. Sinks and hooks may call the router.
 */
export class PendingRouter<T extends Traffic = Traffic> {
  readonly #limits: RouterLimits;
  readonly #log: DropLog<T>;
  readonly #ids: IdTable<T>;
  readonly #arrivals = new ArrivalQueues<T>();
  #seq = 0;
  #servedEarly = 0;
  /** Whether the guards have changed since parked items were offered. */
  #hasNews = false;
  #isOffering = false;

  /** @throws `invalid_argument` for an invalid limit. */
  constructor({ limits, sessionId, onDrop }: PendingRouterOptions<T> = {}) {
    this.#limits = withDefaults(DEFAULT_ROUTER_LIMITS, limits);
    this.#log = new DropLog(typeof sessionId === 'function' ? sessionId : () => sessionId, onDrop);
    this.#ids = new IdTable(this.#limits, this.#log);
  }

  get stats(): RouterStats {
    return {
      received: this.#seq,
      servedEarly: this.#servedEarly,
      dropped: this.#log.counts,
      ignoredReplies: this.#log.gate.ignored,
      hookFailures: this.#log.hookFailures,
      ...this.#ids.stats,
    };
  }

  /** Whether the id is registered. */
  isLive(id: string): boolean {
    return this.#ids.live(id) !== undefined;
  }

  /** Whether the id was closed recently, so that items for it are refused. */
  isClosed(id: string): boolean {
    return this.#ids.isClosed(id);
  }

  /** Ids without a sink that items came for, in the order in which they were heard of. */
  get waiting(): readonly string[] {
    return this.#ids.waiting;
  }

  /**
   * Starts to park items for unknown ids. Open a guard before you send the request that creates the id.
   *
   * @throws What the router was closed with; `invalid_argument` if another open guard has the token.
   */
  open(options: GuardOptions<T> = {}): Guard<T> {
    this.#ids.assertOpen();
    const parkMs = options.parkMs ?? this.#limits.parkMs;
    const guard: OpenGuard<T> = { ...options, parkMs, openedAt: this.#seq, claimed: false };
    this.#ids.guards.add(guard);
    const release = (reason?: unknown) => {
      if (this.#ids.end(guard, reason)) this.#guardsChanged();
    };
    return {
      claim: (id, sink) => {
        this.#ids.assertOpen();
        const registration = this.#ids.claim(guard, id, sink);
        this.#guardsChanged();
        return registration;
      },
      discard: (id, reason) => {
        const isDone = this.#ids.giveUp(guard, id, reason);
        if (isDone) this.#guardsChanged();
        return isDone;
      },
      release,
      [Symbol.dispose]: () => release(),
    };
  }

  /**
   * Registers an id that is known beforehand. Items that wait for it are delivered before this returns.
   *
   * @throws What the router was closed with; `invalid_argument` if the id is registered, or belongs
   * to an open guard by its token.
   */
  register(id: string, sink: Sink<T>): Registration<T> {
    this.#ids.assertOpen();
    return this.#ids.publish(id, sink, null);
  }

  /**
   * Delivers, parks or refuses an item. Never throws.
   *
   * @param token The token that the peer sent with it: one that the request for a new id carried.
   */
  route(id: string, item: Item<T>, token?: string): RouteResult {
    this.#seq += 1;
    const arrival = { item: this.#toRouted(item), token, declinedBy: null };
    return this.#arrivals.add(id, arrival) ? 'buffered' : this.#place(id, arrival);
  }

  /**
   * Closes an id, registered or not. Requests that wait for it are answered -32001, and so are later ones.
   *
   * @param reason For `onDrop`.
   */
  discard(id: string, reason?: unknown): void {
    this.#ids.discard(id, reason);
  }

  /**
   * Ends everything, because the connection is gone. Requests that wait are not answered; their
   * controllers are aborted. Later answers are dropped. The first cause stays.
   *
   * @param cause The error that `open`, `claim` and `register` throw from now on.
   */
  close(cause: Error): void {
    this.#ids.close(cause);
  }

  #toRouted(item: Item<T>): RoutedItem<T> {
    if (item.kind === 'request') return new RoutedRequest(this.#seq, item, this.#log.gate);
    return { kind: 'event', seq: this.#seq, message: item.message, bytes: item.bytes ?? 0 };
  }

  #place(id: string, arrival: Arrival<T>): RouteResult {
    const { item, parked } = arrival;
    if (parked !== undefined && parked.due !== null) {
      this.#ids.dropDue(parked);
      return 'buffered';
    }
    const live = this.#ids.live(id);
    if (live === undefined) return this.#keep(id, arrival);
    parked?.unwatch();
    if (live.delivering) {
      this.#ids.lineUp(live, item);
      return 'buffered';
    }
    live.deliver(item);
    return 'delivered';
  }

  /** Serves early, parks or refuses an item whose id has no sink. */
  #keep(id: string, arrival: Arrival<T>): RouteResult {
    const { item, token } = arrival;
    const { guards } = this.#ids;
    const isNamed = guards.name(id, token);
    const refusal = this.#ids.refusalOf(id, token);
    if (refusal !== null) return this.#refuse(id, arrival, refusal);
    const before = this.#ids.heardOf(id);
    if (isNamed && before !== undefined) return this.#placeAgain(id, arrival);
    if (item.kind === 'request' && item.signal?.aborted === true) {
      this.#log.drop({ cause: 'cancelled', id, item });
      return 'buffered';
    }
    const heard = guards.hear(id, arrival, before);
    if (before !== undefined && before !== heard) this.#ids.hearAgain(id, heard);
    const guessed = item.kind === 'request' ? guards.onlyOne(id, heard) : null;
    if (guessed !== null) {
      guards.guess(guessed, id);
      if (before !== undefined) return this.#placeAgain(id, arrival);
    }
    const guard = guards.serverOf(id, item);
    if (guard !== null && guard !== arrival.declinedBy) return this.#offer(id, arrival, guard);
    this.#ids.park(id, arrival, heard);
    return 'buffered';
  }

  /** Drops an item that is not to be parked. */
  #refuse(id: string, { item, parked }: Arrival<T>, refusal: Refusal): RouteResult {
    parked?.unwatch();
    const hasWaited = refusal === 'unknownSession' && parked !== undefined;
    this.#log.drop({ cause: hasWaited ? 'pendingEnded' : refusal, id, item });
    return refusal === 'unknownSession' ? 'unknown' : 'closed';
  }

  #offer(id: string, arrival: Arrival<T>, guard: OpenGuard<T>): RouteResult {
    const isFirst = this.#arrivals.open(id);
    const isServed = this.#serve(id, arrival.item, guard);
    if (isServed) arrival.parked?.unwatch();
    const result = isServed ? 'served-early' : this.#place(id, { ...arrival, declinedBy: guard });
    if (isFirst) this.#closeQueue(id);
    return result;
  }

  /** Places all items that wait for an id again, then `last`. */
  #placeAgain(id: string, last?: Arrival<T>): RouteResult {
    const isFirst = this.#arrivals.open(id);
    for (const parked of this.#ids.lift(id)) {
      const { item, declinedBy } = parked;
      this.#place(id, { item, token: undefined, parked, declinedBy });
    }
    const result = last === undefined ? 'buffered' : this.#place(id, last);
    if (isFirst) this.#closeQueue(id);
    return result;
  }

  #closeQueue(id: string): void {
    this.#arrivals.close(id, (arrival) => this.#place(id, arrival));
    this.#offerAgain();
  }

  /** Offers parked items after the guards have changed, once nothing else is being offered. */
  #offerAgain(): void {
    if (this.#isOffering || this.#arrivals.isBusy) return;
    this.#isOffering = true;
    while (this.#hasNews) {
      this.#hasNews = false;
      for (const id of this.#ids.guess()) this.#placeAgain(id);
    }
    this.#isOffering = false;
  }

  #guardsChanged(): void {
    this.#hasNews = true;
    this.#offerAgain();
  }

  /** @returns Whether the guard took the item. If the guard threw, it did, and the item has its answer. */
  #serve(id: string, item: RoutedItem<T>, { early, earlyEvent }: OpenGuard<T>): boolean {
    try {
      const isTaken =
        item.kind === 'event'
          ? earlyEvent?.(item, id) === true
          : early?.(item, id) === true || item.answered;
      if (isTaken) this.#servedEarly += 1;
      return isTaken;
    } catch (reason) {
      this.#log.drop({ cause: 'sinkFailed', id, item, reason });
      return true;
    }
  }
}
