import { RecentSet } from '../collections/recent-set.ts';
import { CodeModeError } from '../errors.ts';
import type { Arrival } from './arrival-queues.ts';
import type { DropCause, DropLog } from './drop-log.ts';
import { LiveId, type LiveIdOwner } from './live-id.ts';
import { type Heard, type OpenGuard, OpenGuards } from './open-guards.ts';
import { type LeaveCause, Parked } from './parked.ts';
import { Parking } from './parking.ts';
import type { Registration, RoutedItem, Sink, Traffic } from './routed-items.ts';
import type { RouterLimits } from './router-limits.ts';

/** Why an item is not parked. */
export type Refusal = Extract<DropCause, 'disconnected' | 'sessionClosed' | 'unknownSession'>;

/**
 * What a router knows of ids: which are live, what waits for the others, and which are closed.
 *
 * An id is unheard of, then pending while a guard is open, then live, then closed, then forgotten.
 * Sinks and hooks are called last, when the table is consistent again, because they may call back.
 */
export class IdTable<T extends Traffic> {
  readonly guards = new OpenGuards<T>();
  readonly #limits: RouterLimits;
  readonly #log: DropLog<T>;
  readonly #live = new Map<string, LiveId<T>>();
  readonly #parking: Parking<T>;
  readonly #closedIds: RecentSet<string>;
  readonly #liveIdOwner: LiveIdOwner<T>;
  #closedBy: Error | null = null;
  #delivered = 0;
  #gaps = 0;

  constructor(limits: RouterLimits, log: DropLog<T>) {
    this.#limits = limits;
    this.#log = log;
    this.#parking = new Parking(limits, (parked, cause) => this.#leave(parked, cause));
    this.#closedIds = new RecentSet(limits.maxTombstones);
    this.#liveIdOwner = {
      delivered: ({ kind }) => {
        if (kind === 'gap') this.#gaps += 1;
        else this.#delivered += 1;
      },
      threw: (id, item, reason) => log.drop({ cause: 'sinkFailed', id, item, reason }),
      released: (live, reason) => this.#release(live, reason),
    };
  }

  get stats() {
    let parked = this.#parking.items;
    for (const { waiting } of this.#live.values()) parked += waiting;
    return {
      delivered: this.#delivered,
      gaps: this.#gaps,
      parked,
      parkedBytes: this.#parking.bytes,
      pendingIds: this.#parking.ids,
      liveIds: this.#live.size,
      closedIds: this.#closedIds.size,
      guards: this.guards.size,
    };
  }

  isClosed(id: string): boolean {
    return this.#closedIds.has(id);
  }

  get waiting(): readonly string[] {
    return this.#parking.waiting;
  }

  live(id: string): LiveId<T> | undefined {
    return this.#live.get(id);
  }

  /** @throws What the table was closed with. */
  assertOpen(): void {
    if (this.#closedBy !== null) throw this.#closedBy;
  }

  /** Why items for an id without a sink are not parked; null if they are. */
  refusalOf(id: string, token: string | undefined): Refusal | null {
    if (this.#closedBy !== null) return 'disconnected';
    if (this.guards.ownerOf(id) !== null || this.#parking.has(id)) return null;
    if (this.#closedIds.touch(id)) return 'sessionClosed';
    if (token !== undefined && !this.guards.hasToken(token)) {
      // The guard of that token has ended. Later items without the token must not go to another guard.
      this.#closedIds.add(id);
      return 'unknownSession';
    }
    return this.guards.size === 0 ? 'unknownSession' : null;
  }

  /** When an id was heard of; undefined if nothing waits for it. */
  heardOf(id: string): Heard | undefined {
    return this.#parking.heardOf(id);
  }

  /** Another item came for an id. Does nothing if nothing waits for the id. */
  hearAgain(id: string, heard: Heard): void {
    this.#parking.hearAgain(id, heard);
  }

  /** Parks an item until its id is registered. */
  park(id: string, arrival: Arrival<T>, heard: Heard): void {
    const parked = arrival.parked ?? this.#newParked(id, arrival.item);
    parked.declinedBy = arrival.declinedBy;
    for (const evicted of this.#parking.park(parked, heard)) {
      const { limit } = evicted;
      this.#log.overflow(evicted.parked.id, evicted.parked.item, limit, this.#limits[limit]);
    }
  }

  /** Takes out the items that wait for an id, so that they can be placed again. */
  lift(id: string): readonly Parked<T>[] {
    return this.#parking.lift(id);
  }

  /** Assigns ids that requests wait for to the one guard each can belong to. @returns Those ids. */
  guess(): readonly string[] {
    const ids = new Map<OpenGuard<T>, string | null>();
    for (const heard of this.#parking.asked()) {
      const guard = this.guards.onlyOne(heard.id, heard);
      if (guard !== null) ids.set(guard, ids.has(guard) ? null : heard.id);
    }
    for (const [guard, id] of ids) {
      if (id === null) this.guards.guessNone(guard);
      else this.guards.guess(guard, id);
    }
    return [...ids.values()].filter((id) => id !== null);
  }

  /** Drops an item that had to leave while it was in no line. */
  dropDue(parked: Parked<T>): void {
    if (parked.due !== null) this.#dropParked(parked, parked.due);
  }

  /** Adds an item to the line of a live id whose sink is being called. */
  lineUp(live: LiveId<T>, item: RoutedItem<T>): void {
    const parked = new Parked(live.id, item, Number.POSITIVE_INFINITY);
    live.push(parked);
    parked.watch((one, cause) => this.#leave(one, cause));
  }

  /**
   * Gives an id a sink, and delivers the items that wait for the id.
   *
   * @param guard The guard that claims it; null if the id was known beforehand.
   * @throws `invalid_argument` if the id is registered, or belongs to another open guard by its token.
   */
  publish(id: string, sink: Sink<T>, guard: OpenGuard<T> | null): Registration<T> {
    if (this.#live.has(id)) throw cannotRegister(id, 'it is registered');
    if (this.#isAnothers(id, guard)) throw cannotRegister(id, "it is another guard's");
    if (guard !== null) {
      guard.claimed = true;
      this.guards.settle(guard);
    }
    this.guards.forget(id);
    this.#closedIds.delete(id);
    const { gap, line } = this.#parking.take(id);
    const live = new LiveId(id, sink, line, this.#liveIdOwner);
    this.#live.set(id, live);
    live.flush(gap);
    return live;
  }

  /** `publish` for a guard, which can claim once. @throws `invalid_argument` if it has ended or claimed. */
  claim(guard: OpenGuard<T>, id: string, sink: Sink<T>): Registration<T> {
    if (!this.guards.has(guard)) throw cannotRegister(id, 'its guard has ended');
    if (guard.claimed) throw cannotRegister(id, 'its guard has claimed an id before');
    return this.publish(id, sink, guard);
  }

  /** Closes an id that a guard could claim. @returns Whether it could. */
  giveUp(guard: OpenGuard<T>, id: string, reason: unknown): boolean {
    if (!this.guards.has(guard) || guard.claimed) return false;
    if (this.#live.has(id) || this.#isAnothers(id, guard)) return false;
    guard.claimed = true;
    this.guards.settle(guard);
    this.discard(id, reason);
    return true;
  }

  /**
   * Ends a guard. An id that came with the guard's token is closed, so that later items for it do
   * not go to another guard. With the last guard, all parked items are dropped; their ids are
   * forgotten, because the next creation may get one of them.
   *
   * @returns Whether the guard was open.
   */
  end(guard: OpenGuard<T>, reason: unknown): boolean {
    if (!this.guards.has(guard)) return false;
    if (this.guards.isUndecided(guard)) this.#parking.doubt(guard.openedAt);
    const own = this.guards.remove(guard);
    const abandoned: Parked<T>[] = [];
    if (own !== null) {
      this.#closedIds.add(own);
      abandoned.push(...this.#parking.take(own).line.clear());
    }
    if (this.guards.size === 0) abandoned.push(...this.#parking.takeAll());
    this.#dropAll(abandoned, 'pendingEnded', reason);
    return true;
  }

  /** Closes an id, live or not. */
  discard(id: string, reason: unknown): void {
    if (this.#closedBy !== null) return;
    const live = this.#live.get(id);
    this.#live.delete(id);
    this.guards.forget(id);
    this.#closedIds.add(id);
    const parked = live?.end() ?? this.#parking.take(id).line.clear();
    this.#dropAll(parked, 'sessionClosed', reason);
  }

  /** Closes everything. Nothing can be registered afterwards. */
  close(cause: Error): void {
    if (this.#closedBy !== null) return;
    this.#closedBy = cause;
    this.#log.gate.open = false;
    const inLines = [...this.#live.values()].flatMap((live) => live.end());
    const parked = [...inLines, ...this.#parking.takeAll()];
    this.#live.clear();
    this.guards.clear();
    this.#dropAll(parked, 'disconnected', cause);
  }

  #isAnothers(id: string, guard: OpenGuard<T> | null): boolean {
    const owner = this.guards.ownerOf(id);
    return owner !== null && owner !== guard;
  }

  #release(live: LiveId<T>, reason: unknown): boolean {
    if (this.#live.get(live.id) !== live) return false;
    this.discard(live.id, reason);
    return true;
  }

  #newParked(id: string, item: RoutedItem<T>): Parked<T> {
    const isEvent = item.kind === 'event';
    const parkMs = isEvent ? this.#limits.parkMs : this.guards.patience(this.guards.ownerOf(id));
    return new Parked(id, item, parkMs);
  }

  /** An item that is in no line at the moment leaves when it is placed. */
  #leave(parked: Parked<T>, cause: LeaveCause): void {
    const isHere = this.#parking.remove(parked) || this.#live.get(parked.id)?.remove(parked);
    if (isHere === true) this.#dropParked(parked, cause);
    else parked.due ??= cause;
  }

  #dropParked(parked: Parked<T>, cause: LeaveCause): void {
    const { id, item, parkMs } = parked;
    parked.unwatch();
    const limit =
      cause === 'parkTimeout' ? ({ name: 'parkMs', value: parkMs } as const) : undefined;
    this.#log.drop({ cause, id, item, limit });
  }

  #dropAll(parked: readonly Parked<T>[], cause: DropCause, reason: unknown): void {
    for (const one of parked) one.unwatch();
    for (const { id, item } of parked) this.#log.drop({ cause, id, item, reason });
  }
}

function cannotRegister(id: string, why: string): CodeModeError {
  return new CodeModeError('invalid_argument', `Cannot register ${id}: ${why}`);
}
