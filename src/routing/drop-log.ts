import { Cancelled } from '../errors.ts';
import { type ReachedLimit, type RouteErrorKind, routeError } from './route-errors.ts';
import type { Delivery, ReplyGate, RoutedItem, Traffic } from './routed-items.ts';
import type { RouterLimits } from './router-limits.ts';

/** What became of an item that was not delivered well. */
export type DropCause =
  | RouteErrorKind
  /** The router was closed; nothing is sent then, the request's controller is aborted. */
  | 'disconnected';

/** Something that was not delivered, or whose sink threw. */
export interface Drop<T extends Traffic> {
  readonly cause: DropCause;
  readonly id: string;
  readonly item: Delivery<T>;
  /** The limit that did it, where one did. */
  readonly limit?: ReachedLimit | undefined;
  /** What the sink threw, or the reason given by whoever let go of the id or closed the router. */
  readonly reason?: unknown;
}

/** How many items were dropped, by cause. */
export type DropCounts = Readonly<Record<DropCause, number>>;

/** Sees off what is not delivered: counts it, answers it, tells it. Its methods never throw. */
export class DropLog<T extends Traffic> {
  /** Whether requests may be answered: for all that was ever routed. */
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

  /** @param sessionId The session whose cells the ids are; undefined where the ids are sessions. */
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

  /** As `drop`, for what had to go because of a limit. It happens so often that an event that nobody is told of is only counted. */
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

  /** The router was closed while one before it was seen off. */
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
