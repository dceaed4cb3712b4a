import { Line, Lines } from '../collections/line.ts';
import { RecentMap } from '../collections/recent-map.ts';
import type { Heard } from './open-guards.ts';
import { type Leave, PARKED_MEASURE, type Parked } from './parked.ts';
import { type Gap, type GrowingGap, type Traffic, widen } from './routed-items.ts';
import type { RouterLimits } from './router-limits.ts';

/** An id without a sink: when it was heard of, and the line of items that wait for it. */
interface PendingId<T extends Traffic> extends Heard {
  readonly id: string;
  readonly line: Line<Parked<T>>;
  isVague: boolean;
  isDoubtful: boolean;
  requests: number;
  gap: GrowingGap | null;
}

/** What an id's new owner gets: a gap for the events that were lost, then the line of the others. */
export interface ParkedItems<T extends Traffic> {
  readonly gap: Gap | null;
  readonly line: Line<Parked<T>>;
}

/** An item that was dropped, and the limit that it exceeded. */
export interface Evicted<T extends Traffic> {
  readonly parked: Parked<T>;
  readonly limit: keyof RouterLimits;
}

/**
 * The items that wait for ids without a sink, within limits.
 *
 * Calls nothing outside but `leave`, and never from inside its own methods; they return what was evicted.
 */
export class Parking<T extends Traffic> {
  readonly #limits: RouterLimits;
  readonly #leave: Leave<T>;
  readonly #lines = new Lines<Parked<T>>(PARKED_MEASURE);
  readonly #pending: RecentMap<string, PendingId<T>>;
  /** Gaps of ids that were dropped whole, for a later owner of such an id. */
  readonly #lost: RecentMap<string, GrowingGap>;

  constructor(limits: RouterLimits, leave: Leave<T>) {
    this.#limits = limits;
    this.#leave = leave;
    this.#pending = new RecentMap(limits.maxPendingIds);
    this.#lost = new RecentMap(limits.maxTombstones);
  }

  /** How many ids have items that wait, or a gap. */
  get ids(): number {
    return this.#pending.size;
  }

  get items(): number {
    return this.#lines.items;
  }

  get bytes(): number {
    return this.#lines.bytes;
  }

  /** Ids that have items that wait, or a gap, in the order in which they were heard of. */
  get waiting(): readonly string[] {
    return Array.from(this.#pending.values(), ({ id }) => id);
  }

  /** The ids that requests wait for. */
  *asked(): Iterable<Heard & { readonly id: string }> {
    for (const pending of this.#pending.values()) if (pending.requests > 0) yield pending;
  }

  has(id: string): boolean {
    return this.#pending.has(id);
  }

  /** When an id was heard of; undefined if nothing waits for it. */
  heardOf(id: string): Heard | undefined {
    return this.#pending.get(id);
  }

  /** Another item came for an id. */
  hearAgain(id: string, { isVague, isDoubtful }: Heard): void {
    const pending = this.#pending.get(id);
    if (pending !== undefined) Object.assign(pending, { isVague, isDoubtful });
  }

  /** Marks the ids heard of after this item: they may have belonged to a guard that has ended. */
  doubt(seq: number): void {
    for (const pending of this.#pending.values()) {
      if (pending.firstSeq > seq) pending.isDoubtful = true;
    }
  }

  /**
   * Parks an item.
   *
   * @param heard What is known about its id, including this item.
   * @returns The items evicted to make room; the item itself if it exceeds a limit alone.
   */
  park(parked: Parked<T>, heard: Heard): readonly Evicted<T>[] {
    const { bytes, kind } = parked.item;
    const tooSmall = this.#limitBelow(bytes);
    if (tooSmall !== null) return [this.#refuse(parked, tooSmall)];
    const known = this.#pending.get(parked.id);
    const evicted: Evicted<T>[] = [];
    const pending = known ?? this.#open(parked.id, heard, evicted);
    const more = this.#makeRoom(pending, bytes);
    pending.line.push(parked);
    if (kind === 'request') pending.requests += 1;
    parked.watch(this.#leave);
    return evicted.length === 0 ? more : [...evicted, ...more];
  }

  /** Takes out one item. @returns Whether it was here. */
  remove(parked: Parked<T>): boolean {
    const pending = this.#pending.get(parked.id);
    if (pending?.line.remove(parked) !== true) return false;
    this.#takenOut(pending, parked);
    return true;
  }

  /** Takes out an id with all its items, which stay watched. */
  take(id: string): ParkedItems<T> {
    const pending = this.#pending.get(id);
    const gap = pending?.gap ?? this.#lost.get(id) ?? null;
    this.#lost.delete(id);
    if (pending === undefined) return { gap, line: new Line<Parked<T>>(PARKED_MEASURE) };
    this.#pending.delete(id);
    pending.line.leave();
    return { gap, line: pending.line };
  }

  /** Takes out the items of an id, which stay watched, so that they can be placed again. The id stays known. */
  lift(id: string): readonly Parked<T>[] {
    const pending = this.#pending.get(id);
    if (pending === undefined) return [];
    pending.requests = 0;
    return pending.line.clear();
  }

  /** Takes out everything. @returns All items, id by id in the order in which the ids were heard of. */
  takeAll(): readonly Parked<T>[] {
    const all = this.waiting.flatMap((id) => this.take(id).line.clear());
    this.#lost.clear();
    return all;
  }

  /** Returns an array of the right length: a full line of which nothing is taken evicts one item for each that comes. */
  #makeRoom(pending: PendingId<T>, bytes: number): readonly Evicted<T>[] {
    const isLong = pending.line.size >= this.#limits.maxItemsPerId;
    const evicted = isLong ? [this.#evictOldest(pending, 'maxItemsPerId')] : [];
    while (this.#lines.bytes + bytes > this.#limits.maxParkedBytes) {
      evicted.push(this.#evictOldest(this.#pendingOfOldest(), 'maxParkedBytes'));
    }
    return evicted;
  }

  /** A limit that an item of this size exceeds alone. */
  #limitBelow(bytes: number): keyof RouterLimits | null {
    if (this.#limits.maxPendingIds < 1) return 'maxPendingIds';
    if (this.#limits.maxItemsPerId < 1) return 'maxItemsPerId';
    return bytes > this.#limits.maxParkedBytes ? 'maxParkedBytes' : null;
  }

  #refuse(parked: Parked<T>, limit: keyof RouterLimits): Evicted<T> {
    const { id, item } = parked;
    if (item.kind === 'event') {
      const pending = this.#pending.get(id);
      if (pending === undefined) this.#lost.set(id, widen(this.#lost.get(id) ?? null, item.seq));
      else pending.gap = widen(pending.gap, item.seq);
    }
    return { parked, limit };
  }

  #open(id: string, heard: Heard, evicted: Evicted<T>[]): PendingId<T> {
    const gap = this.#lost.get(id) ?? null;
    const { firstSeq, isVague, isDoubtful } = heard;
    const line = this.#lines.open();
    const pending = { id, firstSeq, isVague, isDoubtful, line, requests: 0, gap };
    this.#lost.delete(id);
    const displaced = this.#pending.set(id, pending);
    if (displaced !== undefined) this.#drop(displaced, evicted);
    return pending;
  }

  #drop(pending: PendingId<T>, evicted: Evicted<T>[]): void {
    while (pending.line.size > 0) evicted.push(this.#evictOldest(pending, 'maxPendingIds'));
    pending.line.leave();
    if (pending.gap !== null) this.#lost.set(pending.id, pending.gap);
  }

  #evictOldest(pending: PendingId<T>, limit: keyof RouterLimits): Evicted<T> {
    const parked = pending.line.shift()!;
    this.#takenOut(pending, parked);
    if (parked.item.kind === 'event') pending.gap = widen(pending.gap, parked.item.seq);
    return { parked, limit };
  }

  #takenOut(pending: PendingId<T>, parked: Parked<T>): void {
    if (parked.item.kind === 'request') pending.requests -= 1;
    parked.unwatch();
  }

  #pendingOfOldest(): PendingId<T> {
    const { id } = this.#lines.oldest()!.peek()!;
    return this.#pending.get(id)!;
  }
}
