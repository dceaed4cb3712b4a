import type { Heard } from './open-guards.ts';
import type { Leave, Parked } from './parked.ts';
import { type Gap, type GrowingGap, type Traffic, widen } from './routed-items.ts';
import type { RouterLimits } from './router-limits.ts';

/** The line of one id that has no sink yet. */
interface PendingLane<T extends Traffic> extends Heard {
  readonly id: string;
  readonly queue: Set<Parked<T>>;
  isVague: boolean;
  isDoubtful: boolean;
  requests: number;
  bytes: number;
  gap: GrowingGap | null;
}

/** What waits for one id: what was lost, and what is still there, oldest first. */
export interface Backlog<T extends Traffic> {
  readonly gap: Gap | null;
  readonly queue: Set<Parked<T>>;
}

/** An item that had to go, and the limit that did it. Made for each event of a cell that nobody listens to. */
export interface Evicted<T extends Traffic> {
  readonly parked: Parked<T>;
  readonly limit: keyof RouterLimits;
}

/**
 * What waits for ids that nobody has registered, within limits.
 *
 * Calls nobody but `leave`, and that never from inside a call; what has to go is handed back.
 */
export class Parking<T extends Traffic> {
  readonly #limits: RouterLimits;
  readonly #leave: Leave<T>;
  readonly #lanes = new Map<string, PendingLane<T>>();
  /** Of ids that were dropped whole: whoever gets such an id after all is told what is missing. */
  readonly #lost = new Map<string, GrowingGap>();
  #requests = 0;
  #bytes = 0;

  constructor(limits: RouterLimits, leave: Leave<T>) {
    this.#limits = limits;
    this.#leave = leave;
  }

  /** How many ids something waits for, or is missing from. */
  get ids(): number {
    return this.#lanes.size;
  }

  get items(): number {
    let items = 0;
    for (const { queue } of this.#lanes.values()) items += queue.size;
    return items;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Ids that something waits for, or is missing from; the order is that in which they were heard of. */
  get waiting(): readonly string[] {
    return [...this.#lanes.keys()];
  }

  /** What is known of the ids that requests wait for. */
  *asked(): Iterable<Heard & { readonly id: string }> {
    if (this.#requests === 0) return;
    for (const lane of this.#lanes.values()) if (lane.requests > 0) yield lane;
  }

  has(id: string): boolean {
    return this.#lanes.has(id);
  }

  /** When an id was heard of; undefined where nothing waits for it. */
  heardOf(id: string): Heard | undefined {
    return this.#lanes.get(id);
  }

  /** Something else came for an id. */
  hearAgain(id: string, { isVague, isDoubtful }: Heard): void {
    const lane = this.#lanes.get(id);
    if (lane !== undefined) Object.assign(lane, { isVague, isDoubtful });
  }

  /** Ids that were heard of after this item may have belonged to what is over. */
  doubt(seq: number): void {
    if (this.#requests === 0) return;
    for (const lane of this.#lanes.values()) if (lane.firstSeq > seq) lane.isDoubtful = true;
  }

  /**
   * Lets an item wait.
   *
   * @param heard What is known of its id, this item included.
   * @returns Who had to go for it; the item itself where it fits under no circumstances.
   */
  park(parked: Parked<T>, heard: Heard): readonly Evicted<T>[] {
    const { bytes, kind } = parked.item;
    const tooSmall = this.#limitBelow(bytes);
    if (tooSmall !== null) return [this.#refuse(parked, tooSmall)];
    const known = this.#lanes.get(parked.id);
    const evicted: Evicted<T>[] = [];
    const lane = known ?? this.#openLane(parked.id, heard, evicted);
    const more = this.#makeRoom(lane, bytes);
    lane.queue.add(parked);
    lane.bytes += bytes;
    this.#bytes += bytes;
    if (kind === 'request') this.#countRequests(lane, 1);
    parked.watch(this.#leave);
    return evicted.length === 0 ? more : [...evicted, ...more];
  }

  /** Takes out one item. @returns Whether it was here. */
  remove(parked: Parked<T>): boolean {
    const lane = this.#lanes.get(parked.id);
    return lane?.queue.has(parked) === true && this.#takeFrom(lane, parked);
  }

  /** Takes out all that is known of an id. What waits is still watched. */
  take(id: string): Backlog<T> {
    const lane = this.#lanes.get(id);
    const gap = lane?.gap ?? this.#lost.get(id) ?? null;
    this.#lanes.delete(id);
    this.#lost.delete(id);
    this.#bytes -= lane?.bytes ?? 0;
    this.#requests -= lane?.requests ?? 0;
    return { gap, queue: lane?.queue ?? new Set() };
  }

  /** Takes out what waits for an id, to be parked again or not; the id stays known. What waits is still watched. */
  lift(id: string): readonly Parked<T>[] {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return [];
    const lifted = [...lane.queue];
    lane.queue.clear();
    this.#bytes -= lane.bytes;
    lane.bytes = 0;
    this.#countRequests(lane, -lane.requests);
    return lifted;
  }

  /** Takes out everything. @returns Items by id; ids in the order in which they were heard of. */
  takeAll(): ReadonlyMap<string, readonly Parked<T>[]> {
    const all = new Map([...this.#lanes].map(([id, { queue }]) => [id, [...queue]]));
    this.#lanes.clear();
    this.#lost.clear();
    this.#requests = 0;
    this.#bytes = 0;
    return all;
  }

  // One that goes for each that comes is what happens where nobody listens: the array is made to measure.
  #makeRoom(lane: PendingLane<T>, bytes: number): readonly Evicted<T>[] {
    const isLong = lane.queue.size >= this.#limits.maxItemsPerId;
    const evicted = isLong ? [this.#evictOldest(lane, 'maxItemsPerId')] : [];
    while (this.#bytes + bytes > this.#limits.maxParkedBytes) {
      evicted.push(this.#evictOldest(this.#laneOfOldest(), 'maxParkedBytes'));
    }
    return evicted;
  }

  /** A limit that an item of this size exceeds alone. */
  #limitBelow(bytes: number): keyof RouterLimits | null {
    if (this.#limits.maxPendingIds < 1) return 'maxPendingIds';
    if (this.#limits.maxItemsPerId < 1) return 'maxItemsPerId';
    return bytes > this.#limits.maxParkedBytes ? 'maxParkedBytes' : null;
  }

  #refuse(parked: Parked<T>, name: keyof RouterLimits): Evicted<T> {
    const { id, item } = parked;
    if (item.kind === 'event') {
      const lane = this.#lanes.get(id);
      if (lane === undefined) this.#rememberLoss(id, widen(this.#lost.get(id) ?? null, item.seq));
      else lane.gap = widen(lane.gap, item.seq);
    }
    return { parked, limit: name };
  }

  #openLane(id: string, heard: Heard, evicted: Evicted<T>[]): PendingLane<T> {
    const gap = this.#lost.get(id) ?? null;
    const { firstSeq, isVague, isDoubtful } = heard;
    const queue = new Set<Parked<T>>();
    const lane = { id, firstSeq, isVague, isDoubtful, queue, requests: 0, bytes: 0, gap };
    this.#lost.delete(id);
    if (this.#lanes.size >= this.#limits.maxPendingIds) this.#dropOldestLane(evicted);
    this.#lanes.set(id, lane);
    return lane;
  }

  #dropOldestLane(evicted: Evicted<T>[]): void {
    const lane = first(this.#lanes.values());
    while (lane.queue.size > 0) evicted.push(this.#evictOldest(lane, 'maxPendingIds'));
    this.#lanes.delete(lane.id);
    if (lane.gap !== null) this.#rememberLoss(lane.id, lane.gap);
  }

  #rememberLoss(id: string, gap: GrowingGap): void {
    this.#lost.delete(id);
    this.#lost.set(id, gap);
    if (this.#lost.size > this.#limits.maxTombstones) this.#lost.delete(first(this.#lost.keys()));
  }

  #evictOldest(lane: PendingLane<T>, name: keyof RouterLimits): Evicted<T> {
    const parked = first(lane.queue);
    this.#takeFrom(lane, parked);
    if (parked.item.kind === 'event') lane.gap = widen(lane.gap, parked.item.seq);
    return { parked, limit: name };
  }

  #takeFrom(lane: PendingLane<T>, parked: Parked<T>): boolean {
    lane.bytes -= parked.item.bytes;
    this.#bytes -= parked.item.bytes;
    if (parked.item.kind === 'request') this.#countRequests(lane, -1);
    parked.unwatch();
    return lane.queue.delete(parked);
  }

  #countRequests(lane: PendingLane<T>, more: number): void {
    lane.requests += more;
    this.#requests += more;
  }

  #laneOfOldest(): PendingLane<T> {
    let oldest: PendingLane<T> | null = null;
    let oldestSeq = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) {
      if (lane.queue.size === 0) continue;
      const { seq } = first(lane.queue).item;
      if (seq < oldestSeq) [oldest, oldestSeq] = [lane, seq];
    }
    return oldest!;
  }
}

function first<V>(values: Iterable<V>): V {
  for (const value of values) return value;
  throw new RangeError('Cannot take the first: there is none');
}
