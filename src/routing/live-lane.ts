import type { Parked } from './parked.ts';
import type { Delivery, Gap, Registration, RoutedItem, Sink, Traffic } from './routed-items.ts';

/** What a lane tells its router. */
export interface LaneOwner<T extends Traffic> {
  /** The sink took it. */
  delivered(delivery: Delivery<T>): void;
  /** The sink threw. */
  threw(id: string, delivery: Delivery<T>, error: unknown): void;
  /** To be taken off the router. @returns Whether it was on it. */
  released(lane: LiveLane<T>, reason: unknown): boolean;
}

/** The line of one id that has a sink. It is its own token: whoever holds an older one can do nothing to it. */
export class LiveLane<T extends Traffic> implements Registration<T> {
  readonly id: string;
  readonly #owner: LaneOwner<T>;
  readonly #queue: Set<Parked<T>>;
  #sink: Sink<T> | null;
  #delivering = false;

  /** @param queue What was there before, oldest first. Delivered by `flush`. */
  constructor(id: string, sink: Sink<T>, queue: Set<Parked<T>>, owner: LaneOwner<T>) {
    this.id = id;
    this.#sink = sink;
    this.#queue = queue;
    this.#owner = owner;
  }

  get active(): boolean {
    return this.#sink !== null;
  }

  /** Whether its sink is at work, so that what comes has to line up. */
  get delivering(): boolean {
    return this.#delivering;
  }

  /** How many stand in line. */
  get waiting(): number {
    return this.#queue.size;
  }

  swap(sink: Sink<T>): boolean {
    if (this.#sink === null) return false;
    this.#sink = sink;
    return true;
  }

  release(reason?: unknown): boolean {
    return this.#owner.released(this, reason);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** Delivers an item, and what it brought. Only where nothing is being delivered. */
  deliver(item: RoutedItem<T>): void {
    this.#delivering = true;
    this.#hand(item);
    if (this.#queue.size > 0) this.#drain();
    this.#delivering = false;
  }

  /** Delivers what was there before, and what that brought. */
  flush(gap: Gap | null): void {
    this.#delivering = true;
    if (gap !== null) this.#hand(gap);
    this.#drain();
    this.#delivering = false;
  }

  /** Puts an item behind those that stand in line. */
  push(parked: Parked<T>): void {
    this.#queue.add(parked);
  }

  /** @returns Whether it stood in line. */
  remove(parked: Parked<T>): boolean {
    return this.#queue.delete(parked);
  }

  /** Ends it. Nothing is delivered any more. @returns What stood in line. */
  end(): readonly Parked<T>[] {
    this.#sink = null;
    const rest = [...this.#queue];
    this.#queue.clear();
    return rest;
  }

  // Sees what is added on the way, and stops where `end` clears the line.
  #drain(): void {
    for (const parked of this.#queue) {
      this.#queue.delete(parked);
      parked.unwatch();
      this.#hand(parked.item);
    }
  }

  #hand(delivery: Delivery<T>): void {
    try {
      this.#sink?.(delivery, this);
    } catch (error) {
      return this.#owner.threw(this.id, delivery, error);
    }
    this.#owner.delivered(delivery);
  }
}
