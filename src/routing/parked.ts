import { startTimer } from '../timer.ts';
import type { OpenGuard } from './open-guards.ts';
import type { RoutedItem, Traffic } from './routed-items.ts';

/** Takes an item out of the line it stands in, for this reason. */
export type Leave<T extends Traffic> = (
  parked: Parked<T>,
  cause: 'cancelled' | 'parkTimeout',
) => void;

/** An item that waits. A request leaves by itself when it is cancelled, or has waited too long. */
export class Parked<T extends Traffic> {
  readonly id: string;
  readonly item: RoutedItem<T>;
  /** How long it may wait, in milliseconds. */
  readonly parkMs: number;
  /** The guard that did not want to serve it early. */
  declinedBy: OpenGuard<T> | null = null;
  /** Why it has to go, where that came up while it stood in no line. */
  due: 'cancelled' | 'parkTimeout' | null = null;
  #isWatched = false;
  #timer: NodeJS.Timeout | undefined;
  #unlink: (() => void) | null = null;

  constructor(id: string, item: RoutedItem<T>, parkMs: number) {
    this.id = id;
    this.item = item;
    this.parkMs = parkMs;
  }

  /**
   * Calls `leave` when it has to go, counted from the first call. Events stay until somebody takes
   * them. The timer keeps no process alive.
   */
  watch(leave: Leave<T>): void {
    if (this.item.kind === 'event' || this.#isWatched) return;
    this.#isWatched = true;
    this.#timer = startTimer(() => leave(this, 'parkTimeout'), this.parkMs)?.unref();
    const { signal } = this.item;
    if (signal === undefined) return;
    const cancelled = () => leave(this, 'cancelled');
    signal.addEventListener('abort', cancelled);
    this.#unlink = () => signal.removeEventListener('abort', cancelled);
  }

  /** Calls nobody any more. */
  unwatch(): void {
    if (this.item.kind === 'event') return;
    clearTimeout(this.#timer);
    this.#unlink?.();
  }
}
