import type { ItemMeasure } from '../collections/line.ts';
import { onAbort } from '../waiting/on-abort.ts';
import { startTimer } from '../waiting/timer.ts';
import type { OpenGuard } from './open-guards.ts';
import type { RoutedItem, Traffic } from './routed-items.ts';

/** Why a parked request stops waiting. */
export type LeaveCause = 'cancelled' | 'parkTimeout';

/** Takes an item out of its line. */
export type Leave<T extends Traffic> = (parked: Parked<T>, cause: LeaveCause) => void;

/** How parked items are measured. */
export const PARKED_MEASURE: ItemMeasure<{
  readonly item: { readonly bytes: number; readonly seq: number };
}> = {
  bytesOf: ({ item }) => item.bytes,
  orderOf: ({ item }) => item.seq,
};

/** An item that waits in a line. A request leaves when it is cancelled or has waited too long. */
export class Parked<T extends Traffic> {
  readonly id: string;
  readonly item: RoutedItem<T>;
  /** How long it may wait, in milliseconds. */
  readonly parkMs: number;
  /** The guard that declined to serve it early. */
  declinedBy: OpenGuard<T> | null = null;
  /** Why it must leave, if that came up while it was in no line. */
  due: LeaveCause | null = null;
  #isWatched = false;
  #timer: NodeJS.Timeout | undefined;
  #unlink: (() => void) | null = null;

  constructor(id: string, item: RoutedItem<T>, parkMs: number) {
    this.id = id;
    this.item = item;
    this.parkMs = parkMs;
  }

  /**
   * Calls `leave` when the request must go; its time runs from the first call. Events wait without
   * a bound. The timer keeps no process alive.
   */
  watch(leave: Leave<T>): void {
    if (this.item.kind === 'event' || this.#isWatched) return;
    this.#isWatched = true;
    this.#timer = startTimer(() => leave(this, 'parkTimeout'), this.parkMs)?.unref();
    this.#unlink = onAbort(this.item.signal, () => leave(this, 'cancelled'));
  }

  /** Stops the timer and the listener. */
  unwatch(): void {
    if (this.item.kind === 'event') return;
    clearTimeout(this.#timer);
    this.#unlink?.();
  }
}
