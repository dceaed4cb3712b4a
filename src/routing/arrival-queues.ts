import type { OpenGuard } from './open-guards.ts';
import type { Parked } from './parked.ts';
import type { RoutedItem, Traffic } from './routed-items.ts';

/** An item on its way to its place: a sink, the parking, or an early answer. */
export interface Arrival<T extends Traffic> {
  readonly item: RoutedItem<T>;
  readonly token: string | undefined;
  /** Set if the item was parked before. */
  readonly parked?: Parked<T>;
  /** The guard that declined to serve the item early. */
  readonly declinedBy: OpenGuard<T> | null;
}

/**
 * Keeps an id's items in order while one of them is offered for early service: the guard may route
 * more items for that id, and may decline the one it was offered.
 */
export class ArrivalQueues<T extends Traffic> {
  /** By id; null while nothing has arrived. */
  readonly #queues = new Map<string, Arrival<T>[] | null>();

  /** Whether an item is being offered. */
  get isBusy(): boolean {
    return this.#queues.size > 0;
  }

  /** Queues an arrival if its id has a queue. @returns Whether it does. */
  add(id: string, arrival: Arrival<T>): boolean {
    if (this.#queues.size === 0) return false;
    const queue = this.#queues.get(id);
    if (queue === undefined) return false;
    if (queue === null) this.#queues.set(id, [arrival]);
    else queue.push(arrival);
    return true;
  }

  /** Opens a queue, which its opener must `close`. @returns False if the id has one already. */
  open(id: string): boolean {
    if (this.#queues.has(id)) return false;
    this.#queues.set(id, null);
    return true;
  }

  /** Calls `place` with each queued arrival, also those added meanwhile, and closes the queue. `place` must not throw. */
  close(id: string, place: (arrival: Arrival<T>) => void): void {
    for (const arrival of this.#queues.get(id) ?? []) place(arrival);
    this.#queues.delete(id);
  }
}
