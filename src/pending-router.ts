import { DropLog } from './drop-log.ts';
import { EarlyTurns } from './early-turns.ts';
import { IdTable } from './id-table.ts';
import { withDefaults } from './limits.ts';
import type { LiveLane } from './live-lane.ts';
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
import type { Guard, PendingRouterOptions, RouteResult, RouterStats } from './router-vocabulary.ts';

/**
 * Brings events and requests to whom they are for, by id, also where the id is not known yet.
 *
 * What comes for an unknown id while a guard is open waits, one line an id, within limits, until the
 * id is claimed or the last guard ends. Each id gets its items in the order they came, and each
 * request is delivered or answered, once. All of it happens inside the calls of this class, but for
 * requests that wait too long or are cancelled; sinks and hooks may call it.
 */
export class PendingRouter<T extends Traffic = Traffic> {
  readonly #limits: RouterLimits;
  readonly #log: DropLog<T>;
  readonly #ids: IdTable<T>;
  readonly #turns = new EarlyTurns<T>();
  #seq = 0;
  #servedEarly = 0;

  /** @throws `invalid_argument` for a limit that is not one. */
  constructor({ limits, sessionId, onDrop }: PendingRouterOptions<T> = {}) {
    this.#limits = withDefaults(DEFAULT_ROUTER_LIMITS, limits);
    this.#log = new DropLog(sessionId, onDrop);
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

  /** Whether somebody has registered the id. */
  isLive(id: string): boolean {
    return this.#ids.liveLane(id) !== undefined;
  }

  /**
   * Begins to keep what comes for unknown ids. To be opened before what makes the new id is sent.
   *
   * @throws What the router was closed with; `invalid_argument` where another open guard has the token.
   */
  open(options: GuardOptions<T> = {}): Guard<T> {
    this.#ids.assertOpen();
    const parkMs = options.parkMs ?? this.#limits.parkMs;
    const guard: OpenGuard<T> = { ...options, parkMs, claimed: false };
    this.#ids.guards.add(guard);
    return {
      claim: (id, sink) => {
        this.#ids.assertOpen();
        return this.#ids.claim(guard, id, sink);
      },
      discard: (id, reason) => this.#ids.giveUp(guard, id, reason),
      release: (reason) => this.#ids.end(guard, reason),
      [Symbol.dispose]: () => this.#ids.end(guard, undefined),
    };
  }

  /**
   * Registers an id that is known beforehand; what may wait for it is delivered before this returns.
   *
   * @throws What the router was closed with; `invalid_argument` where the id is registered, or an
   * open guard's by its token.
   */
  register(id: string, sink: Sink<T>): Registration<T> {
    this.#ids.assertOpen();
    return this.#ids.publish(id, sink, null);
  }

  /**
   * Takes an item to where it belongs. Never throws.
   *
   * @param token What the peer sent with it, if it was given one when the id was asked for.
   */
  route(id: string, item: Item<T>, token?: string): RouteResult {
    this.#seq += 1;
    const routed = this.#toRouted(item);
    if (this.#turns.queue(id, routed, token)) return 'buffered';
    return this.#place(id, routed, token, true);
  }

  /**
   * Closes an id, whoever has it: what waits for it is answered -32001, and so is what still comes.
   *
   * @param reason For `onDrop`.
   */
  discard(id: string, reason?: unknown): void {
    this.#ids.discard(id, reason);
  }

  /**
   * Ends everything, because nothing can be sent or come any more. What waits is not answered:
   * the controllers of its requests are aborted. Later answers are dropped. The first cause stays.
   *
   * @param cause What `open`, `claim` and `register` throw from now on.
   */
  close(cause: Error): void {
    this.#ids.close(cause);
  }

  #toRouted(item: Item<T>): RoutedItem<T> {
    if (item.kind === 'request') return new RoutedRequest(this.#seq, item, this.#log.gate);
    return { kind: 'event', seq: this.#seq, message: item.message, bytes: item.bytes ?? 0 };
  }

  #deliver(lane: LiveLane<T>, item: RoutedItem<T>): RouteResult {
    if (lane.delivering) {
      this.#ids.lineUp(lane, item);
      return 'buffered';
    }
    lane.deliver(item);
    return 'delivered';
  }

  /** Keeps an item whose id nobody has, or sees it off. */
  #keep(
    id: string,
    item: RoutedItem<T>,
    token: string | undefined,
    mayServe: boolean,
  ): RouteResult {
    const owner = this.#ids.guards.ownerOf(id, token);
    const refusal = this.#ids.refusalOf(id, token, owner);
    if (refusal !== null) {
      this.#log.drop({ cause: refusal, id, item });
      return refusal === 'unknownSession' ? 'unknown' : 'closed';
    }
    if (item.kind === 'request') {
      if (item.signal?.aborted === true) {
        this.#log.drop({ cause: 'cancelled', id, item });
        return 'buffered';
      }
      const early = mayServe ? this.#ids.guards.earlyFor(owner)?.early : undefined;
      if (early !== undefined) return this.#offer(id, item, token, early);
    }
    this.#ids.park(id, item, owner);
    return 'buffered';
  }

  #offer(
    id: string,
    request: RoutedRequest<T>,
    token: string | undefined,
    early: NonNullable<GuardOptions<T>['early']>,
  ): RouteResult {
    const isFirst = this.#turns.begin(id);
    const isServed = this.#serve(id, request, early);
    const result = isServed ? 'served-early' : this.#place(id, request, token, false);
    if (isFirst) this.#turns.end(id, (turn) => this.#place(id, turn.item, turn.token, true));
    return result;
  }

  #place(
    id: string,
    item: RoutedItem<T>,
    token: string | undefined,
    mayServe: boolean,
  ): RouteResult {
    const lane = this.#ids.liveLane(id);
    return lane === undefined ? this.#keep(id, item, token, mayServe) : this.#deliver(lane, item);
  }

  /** @returns Whether it was taken; where `early` threw, it was, and has its answer. */
  #serve(
    id: string,
    item: RoutedRequest<T>,
    early: NonNullable<GuardOptions<T>['early']>,
  ): boolean {
    try {
      if (!early(item, id) && !item.answered) return false;
      this.#servedEarly += 1;
    } catch (reason) {
      this.#log.drop({ cause: 'sinkFailed', id, item, reason });
    }
    return true;
  }
}
