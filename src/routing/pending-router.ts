import { withDefaults } from '../limits.ts';
import { DropLog } from './drop-log.ts';
import { EarlyTurns, type Turn } from './early-turns.ts';
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
  /** Whether the guards have changed since what waits was offered. */
  #hasNews = false;
  #isOffering = false;

  /** @throws `invalid_argument` for a limit that is not one. */
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

  /** Whether somebody has registered the id. */
  isLive(id: string): boolean {
    return this.#ids.liveLane(id) !== undefined;
  }

  /** Whether the id was let go of not long ago, so that what comes for it is refused. */
  isClosed(id: string): boolean {
    return this.#ids.isClosed(id);
  }

  /** Ids that nobody has and that something came for; the order is that in which they were heard of. */
  get waiting(): readonly string[] {
    return this.#ids.waiting;
  }

  /**
   * Begins to keep what comes for unknown ids. To be opened before what makes the new id is sent.
   *
   * @throws What the router was closed with; `invalid_argument` where another open guard has the token.
   */
  open(options: GuardOptions<T> = {}): Guard<T> {
    this.#ids.assertOpen();
    const parkMs = options.parkMs ?? this.#limits.parkMs;
    const guard: OpenGuard<T> = { ...options, parkMs, openedAt: this.#seq, claimed: false };
    this.#ids.guards.add(guard);
    const release = (reason?: unknown) => {
      this.#ids.end(guard, reason);
      this.#guardsChanged();
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
        this.#guardsChanged();
        return isDone;
      },
      release,
      [Symbol.dispose]: () => release(),
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
    const turn = { item: this.#toRouted(item), token, declinedBy: null };
    return this.#turns.queue(id, turn) ? 'buffered' : this.#place(id, turn);
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

  #place(id: string, turn: Turn<T>): RouteResult {
    const { item, parked } = turn;
    if (parked !== undefined && parked.due !== null) {
      this.#ids.dropDue(parked);
      return 'buffered';
    }
    const lane = this.#ids.liveLane(id);
    if (lane === undefined) return this.#keep(id, turn);
    parked?.unwatch();
    if (lane.delivering) {
      this.#ids.lineUp(lane, item);
      return 'buffered';
    }
    lane.deliver(item);
    return 'delivered';
  }

  /** Keeps an item whose id nobody has, or sees it off. */
  #keep(id: string, turn: Turn<T>): RouteResult {
    const { item, token } = turn;
    const { guards } = this.#ids;
    const isNamed = guards.name(id, token);
    const refusal = this.#ids.refusalOf(id, token);
    if (refusal !== null) return this.#refuse(id, turn, refusal);
    const before = this.#ids.heardOf(id);
    if (isNamed && before !== undefined) return this.#placeAnew(id, turn);
    if (item.kind === 'request' && item.signal?.aborted === true) {
      this.#log.drop({ cause: 'cancelled', id, item });
      return 'buffered';
    }
    const heard = guards.hear(id, turn, before);
    if (before !== undefined && before !== heard) this.#ids.hearAgain(id, heard);
    const guessed = item.kind === 'request' ? guards.onlyOne(id, heard) : null;
    if (guessed !== null) {
      guards.guess(guessed, id);
      if (before !== undefined) return this.#placeAnew(id, turn);
    }
    const guard = guards.serverOf(id, item);
    if (guard !== null && guard !== turn.declinedBy) return this.#offer(id, turn, guard);
    this.#ids.park(id, turn, heard);
    return 'buffered';
  }

  /** Sees off what is not waited for. */
  #refuse(id: string, { item, parked }: Turn<T>, refusal: Refusal): RouteResult {
    parked?.unwatch();
    const hasWaited = refusal === 'unknownSession' && parked !== undefined;
    this.#log.drop({ cause: hasWaited ? 'pendingEnded' : refusal, id, item });
    return refusal === 'unknownSession' ? 'unknown' : 'closed';
  }

  #offer(id: string, turn: Turn<T>, guard: OpenGuard<T>): RouteResult {
    const isFirst = this.#turns.begin(id);
    const isServed = this.#serve(id, turn.item, guard);
    if (isServed) turn.parked?.unwatch();
    const result = isServed ? 'served-early' : this.#place(id, { ...turn, declinedBy: guard });
    if (isFirst) this.#endLine(id);
    return result;
  }

  /** Has all that waits for an id find its place anew, and then this. */
  #placeAnew(id: string, last?: Turn<T>): RouteResult {
    const isFirst = this.#turns.begin(id);
    for (const parked of this.#ids.lift(id)) {
      const { item, declinedBy } = parked;
      this.#place(id, { item, token: undefined, parked, declinedBy });
    }
    const result = last === undefined ? 'buffered' : this.#place(id, last);
    if (isFirst) this.#endLine(id);
    return result;
  }

  #endLine(id: string): void {
    this.#turns.end(id, (turn) => this.#place(id, turn));
    this.#offerAgain();
  }

  /** Offers what waits where the guards have changed, when nothing else is being offered. */
  #offerAgain(): void {
    if (this.#isOffering || this.#turns.isBusy) return;
    this.#isOffering = true;
    while (this.#hasNews) {
      this.#hasNews = false;
      for (const id of this.#ids.guess()) this.#placeAnew(id);
    }
    this.#isOffering = false;
  }

  #guardsChanged(): void {
    this.#hasNews = true;
    this.#offerAgain();
  }

  /** @returns Whether it was taken; where the guard threw, it was, and has its answer. */
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
