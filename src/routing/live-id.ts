import type { Line } from '../collections/line.ts';
import type { Parked } from './parked.ts';
import type { Delivery, Gap, Registration, RoutedItem, Sink, Traffic } from './routed-items.ts';

/** What a live id reports to its router. */
export interface LiveIdOwner<T extends Traffic> {
  /** The sink took a delivery. */
  delivered(delivery: Delivery<T>): void;
  /** The sink threw. */
  threw(id: string, delivery: Delivery<T>, error: unknown): void;
  /** Takes the id off the router. @returns Whether the id was still this one's. */
  released(live: LiveId<T>, reason: unknown): boolean;
}

/** An id with a sink, and the line of items behind the current delivery. Once it has ended, its methods do nothing. */
export class LiveId<T extends Traffic> implements Registration<T> {
  readonly id: string;
  readonly #line: Line<Parked<T>>;
  readonly #owner: LiveIdOwner<T>;
  #sink: Sink<T> | null;
  #delivering = false;

  /** @param line The items that waited for the id. `flush` delivers them. */
  constructor(id: string, sink: Sink<T>, line: Line<Parked<T>>, owner: LiveIdOwner<T>) {
    this.id = id;
    this.#sink = sink;
    this.#line = line;
    this.#owner = owner;
  }

  get active(): boolean {
    return this.#sink !== null;
  }

  /** Whether the sink is being called, so that new items have to wait in the line. */
  get delivering(): boolean {
    return this.#delivering;
  }

  /** How many items are in the line. */
  get waiting(): number {
    return this.#line.size;
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

  /** Delivers an item, then the items that were routed meanwhile. Must not be called while `delivering`. */
  deliver(item: RoutedItem<T>): void {
    this.#delivering = true;
    this.#hand(item);
    if (this.#line.size > 0) this.#drain();
    this.#delivering = false;
  }

  /** Delivers the gap and the line, then the items that were routed meanwhile. */
  flush(gap: Gap | null): void {
    this.#delivering = true;
    if (gap !== null) this.#hand(gap);
    this.#drain();
    this.#delivering = false;
  }

  /** Adds an item to the end of the line. */
  push(parked: Parked<T>): void {
    this.#line.push(parked);
  }

  /** Takes an item out of the line. @returns Whether it was there. */
  remove(parked: Parked<T>): boolean {
    return this.#line.remove(parked);
  }

  /** Ends all deliveries. @returns The items that were in the line. */
  end(): readonly Parked<T>[] {
    this.#sink = null;
    return this.#line.clear();
  }

  // Delivers items added on the way too, and stops when `end` clears the line.
  #drain(): void {
    for (let parked = this.#line.shift(); parked !== undefined; parked = this.#line.shift()) {
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
