import { CodeModeError } from '../errors.ts';
import type { DropCause, DropLog } from './drop-log.ts';
import type { Turn } from './early-turns.ts';
import { type LaneOwner, LiveLane } from './live-lane.ts';
import { type Heard, type OpenGuard, OpenGuards } from './open-guards.ts';
import { Parked } from './parked.ts';
import { Parking } from './parking.ts';
import { RecentIds } from './recent-ids.ts';
import type { Registration, RoutedItem, Sink, Traffic } from './routed-items.ts';
import type { RouterLimits } from './router-limits.ts';

/** Why an item is not waited for. */
export type Refusal = Extract<DropCause, 'disconnected' | 'sessionClosed' | 'unknownSession'>;

/**
 * What a router knows of ids: who has them, what waits for them, and which are closed.
 *
 * An id is unheard of, then pending while a guard is open, then live, then closed, then forgotten.
 * Everybody outside is called last, when the table is in order again: they may call back.
 */
export class IdTable<T extends Traffic> {
  readonly guards = new OpenGuards<T>();
  readonly #limits: RouterLimits;
  readonly #log: DropLog<T>;
  readonly #live = new Map<string, LiveLane<T>>();
  readonly #parking: Parking<T>;
  readonly #closedIds: RecentIds;
  readonly #laneOwner: LaneOwner<T>;
  #closedBy: Error | null = null;
  #delivered = 0;
  #gaps = 0;

  constructor(limits: RouterLimits, log: DropLog<T>) {
    this.#limits = limits;
    this.#log = log;
    this.#parking = new Parking(limits, (parked, cause) => this.#leave(parked, cause));
    this.#closedIds = new RecentIds(limits.maxTombstones);
    this.#laneOwner = {
      delivered: ({ kind }) => {
        if (kind === 'gap') this.#gaps += 1;
        else this.#delivered += 1;
      },
      threw: (id, item, reason) => log.drop({ cause: 'sinkFailed', id, item, reason }),
      released: (lane, reason) => this.#release(lane, reason),
    };
  }

  get stats() {
    let parked = this.#parking.items;
    for (const lane of this.#live.values()) parked += lane.waiting;
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

  liveLane(id: string): LiveLane<T> | undefined {
    return this.#live.get(id);
  }

  /** @throws What the table was closed with. */
  assertOpen(): void {
    if (this.#closedBy !== null) throw this.#closedBy;
  }

  /** Why what comes for an id that nobody has is not waited for; null where it is. */
  refusalOf(id: string, token: string | undefined): Refusal | null {
    if (this.#closedBy !== null) return 'disconnected';
    if (this.guards.ownerOf(id) !== null || this.#parking.has(id)) return null;
    if (this.#closedIds.touch(id)) return 'sessionClosed';
    if (token !== undefined && !this.guards.hasToken(token)) {
      // The guard of that token has ended. What follows without it must not pass for another's.
      this.#closedIds.add(id);
      return 'unknownSession';
    }
    return this.guards.size === 0 ? 'unknownSession' : null;
  }

  /** What is known of an id that something waits for. */
  heardOf(id: string): Heard | undefined {
    return this.#parking.heardOf(id);
  }

  /** Notes what is known of an id now, where something waits for it. */
  hearAgain(id: string, heard: Heard): void {
    this.#parking.hearAgain(id, heard);
  }

  /** Lets an item wait until its id is registered. */
  park(id: string, turn: Turn<T>, heard: Heard): void {
    const parked = turn.parked ?? this.#newParked(id, turn.item);
    parked.declinedBy = turn.declinedBy;
    for (const evicted of this.#parking.park(parked, heard)) {
      const { limit } = evicted;
      this.#log.overflow(evicted.parked.id, evicted.parked.item, limit, this.#limits[limit]);
    }
  }

  /** Takes out what waits for an id, so that it finds its place anew. */
  lift(id: string): readonly Parked<T>[] {
    return this.#parking.lift(id);
  }

  /** Has ids that requests wait for belong to the guards that are left for them. @returns Those ids. */
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

  /** Sees off what had to go while it stood in no line. */
  dropDue(parked: Parked<T>): void {
    if (parked.due !== null) this.#dropParked(parked, parked.due);
  }

  /** Lets an item wait until the sink of its lane is done with the one before. */
  lineUp(lane: LiveLane<T>, item: RoutedItem<T>): void {
    const parked = new Parked(lane.id, item, Number.POSITIVE_INFINITY);
    lane.push(parked);
    parked.watch((one, cause) => this.#leave(one, cause));
  }

  /**
   * Gives an id to a sink, and the sink what waits for the id.
   *
   * @param guard Who claims it; null where it was known beforehand.
   * @throws `invalid_argument` where the id is registered, or an open guard's by its token.
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
    const { gap, queue } = this.#parking.take(id);
    const lane = new LiveLane(id, sink, queue, this.#laneOwner);
    this.#live.set(id, lane);
    lane.flush(gap);
    return lane;
  }

  /** As `publish`, for a guard, which can claim once. @throws `invalid_argument` where it ended or has claimed. */
  claim(guard: OpenGuard<T>, id: string, sink: Sink<T>): Registration<T> {
    if (!this.guards.has(guard)) throw cannotRegister(id, 'its guard has ended');
    if (guard.claimed) throw cannotRegister(id, 'its guard has claimed an id before');
    return this.publish(id, sink, guard);
  }

  /** Closes an id that a guard might have claimed. @returns Whether it might. */
  giveUp(guard: OpenGuard<T>, id: string, reason: unknown): boolean {
    if (!this.guards.has(guard) || guard.claimed) return false;
    if (this.#live.has(id) || this.#isAnothers(id, guard)) return false;
    guard.claimed = true;
    this.guards.settle(guard);
    this.discard(id, reason);
    return true;
  }

  /**
   * Ends a guard, and with the last one all waiting. An id that came with the guard's token is closed:
   * what follows must not pass for another's. An id that merely waited is forgotten, because the next
   * creation may get it.
   */
  end(guard: OpenGuard<T>, reason: unknown): void {
    if (!this.guards.has(guard)) return;
    if (this.guards.isUndecided(guard)) this.#parking.doubt(guard.openedAt);
    const own = this.guards.remove(guard);
    const abandoned: Parked<T>[] = [];
    if (own !== null) {
      this.#closedIds.add(own);
      abandoned.push(...this.#parking.take(own).queue);
    }
    if (this.guards.size === 0) abandoned.push(...[...this.#parking.takeAll().values()].flat());
    this.#dropAll(abandoned, 'pendingEnded', reason);
  }

  /** Closes an id, whoever has it. */
  discard(id: string, reason: unknown): void {
    if (this.#closedBy !== null) return;
    const lane = this.#live.get(id);
    this.#live.delete(id);
    this.guards.forget(id);
    this.#closedIds.add(id);
    const parked = lane?.end() ?? [...this.#parking.take(id).queue];
    this.#dropAll(parked, 'sessionClosed', reason);
  }

  /** Closes everything; nothing can be registered any more. */
  close(cause: Error): void {
    if (this.#closedBy !== null) return;
    this.#closedBy = cause;
    this.#log.gate.open = false;
    const parked = [...this.#live.values()].flatMap((lane) => lane.end());
    for (const waiting of this.#parking.takeAll().values()) parked.push(...waiting);
    this.#live.clear();
    this.guards.clear();
    this.#dropAll(parked, 'disconnected', cause);
  }

  #isAnothers(id: string, guard: OpenGuard<T> | null): boolean {
    const owner = this.guards.ownerOf(id);
    return owner !== null && owner !== guard;
  }

  #release(lane: LiveLane<T>, reason: unknown): boolean {
    if (this.#live.get(lane.id) !== lane) return false;
    this.discard(lane.id, reason);
    return true;
  }

  #newParked(id: string, item: RoutedItem<T>): Parked<T> {
    const isEvent = item.kind === 'event';
    const parkMs = isEvent ? this.#limits.parkMs : this.guards.patience(this.guards.ownerOf(id));
    return new Parked(id, item, parkMs);
  }

  /** What stands in no line in this moment goes when it has found its place. */
  #leave(parked: Parked<T>, cause: 'cancelled' | 'parkTimeout'): void {
    const isHere = this.#parking.remove(parked) || this.#live.get(parked.id)?.remove(parked);
    if (isHere === true) this.#dropParked(parked, cause);
    else parked.due ??= cause;
  }

  #dropParked(parked: Parked<T>, cause: 'cancelled' | 'parkTimeout'): void {
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
