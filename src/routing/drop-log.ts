import { Cancelled } from '../errors.ts';
import { type ReachedLimit, type RouteErrorKind, routeError } from './route-errors.ts';
import type { Delivery, ReplyGate, RoutedItem, Traffic } from './routed-items.ts';
import type { RouterLimits } from './router-limits.ts';

/** Why an item was not delivered, or its delivery failed. */
export type DropCause =
  | RouteErrorKind
  /** The router was closed. Nothing is sent; the request's controller is aborted. */
  | 'disconnected';

/** An item that was not delivered, or whose sink threw. */
export interface Drop<T extends Traffic> {
  readonly cause: DropCause;
  readonly id: string;
  readonly item: Delivery<T>;
  /** The limit that was reached, if that is the cause. */
  readonly limit?: ReachedLimit | undefined;
  /** What the sink threw, or the reason that the id or the router was closed with. */
  readonly reason?: unknown;
}

/** How many items were dropped, by cause. */
export type DropCounts = Readonly<Record<DropCause, number>>;

/** Counts, answers and reports items that are not delivered. Its methods never throw. */
export class DropLog<T extends Traffic> {
  /** Whether requests may be answered. All requests of the router share it. */
  readonly gate: ReplyGate = { open: true, ignored: 0 };
  readonly #sessionId: () => string | undefined;
  readonly #onDrop: ((drop: Drop<T>) => void) | undefined;
  readonly #counts: Record<DropCause, number> = {
    pendingOverflow: 0,
    pendingEnded: 0,
    sessionClosed: 0,
    unknownSession: 0,
    parkTimeout: 0,
    cancelled: 0,
    sinkFailed: 0,
    disconnected: 0,
  };
  #hookFailures = 0;

  /** @param sessionId The session whose cells the ids are; undefined if the ids are sessions. */
  constructor(sessionId: () => string | undefined, onDrop: ((drop: Drop<T>) => void) | undefined) {
    this.#sessionId = sessionId;
    this.#onDrop = onDrop;
  }

  get counts(): DropCounts {
    return { ...this.#counts };
  }

  /** How often `reply` or `onDrop` threw. */
  get hookFailures(): number {
    return this.#hookFailures;
  }

  /** `drop` for an item over a limit. Without `onDrop` an event is only counted, because this happens often. */
  overflow(id: string, item: RoutedItem<T>, name: keyof RouterLimits, value: number): void {
    const cause = 'pendingOverflow';
    if (item.kind === 'event' && this.#onDrop === undefined) this.#counts[cause] += 1;
    else this.drop({ cause, id, item, limit: { name, value } });
  }

  drop(given: Drop<T>): void {
    const drop = this.#isUnanswerable(given) ? { ...given, cause: 'disconnected' as const } : given;
    if (drop.item.kind !== 'gap') this.#counts[drop.cause] += 1;
    this.#attempt(() => this.#answer(drop));
    this.#attempt(() => this.#onDrop?.(drop));
  }

  /** Whether the router was closed while an earlier item was dropped. */
  #isUnanswerable({ cause, item }: Drop<T>): boolean {
    return !this.gate.open && item.kind === 'request' && cause !== 'sinkFailed';
  }

  #answer({ cause, id, item, limit }: Drop<T>): void {
    if (item.kind !== 'request' || item.answered) return;
    if (cause === 'disconnected' || !this.gate.open)
      return item.controller?.abort(new Cancelled('disconnect'));
    item.reply({ error: routeError(cause, id, this.#sessionId(), limit) });
  }

  #attempt(hook: () => void): void {
    try {
      hook();
    } catch {
      this.#hookFailures += 1;
    }
  }
}
