/** What goes over a router: the types of its events, its requests and their results. */
export interface Traffic {
  readonly event: unknown;
  readonly request: unknown;
  readonly result: unknown;
}

/** An event for an id. It needs no answer. */
export interface EventItem<T extends Traffic> {
  readonly kind: 'event';
  readonly message: T['event'];
  /** What it costs to keep, in bytes. Default: 0. */
  readonly bytes?: number | undefined;
}

/** A request for an id. It is answered once: by the sink that it was delivered to, or by the router. */
export interface RequestItem<T extends Traffic> {
  readonly kind: 'request';
  readonly message: T['request'];
  /** What it costs to keep, in bytes. Default: 0. */
  readonly bytes?: number | undefined;
  /** Aborted by its owner if the peer cancels the request, and by the router if the connection ends first. */
  readonly controller?: AbortController | undefined;
  /** Sends the answer. Called at most once, and never after the router was closed. */
  reply(reply: Reply<T>): void;
}

/** An item for `PendingRouter.route`. */
export type Item<T extends Traffic> = EventItem<T> | RequestItem<T>;

/** An answer: a result or an error. */
export type Reply<T extends Traffic> =
  | { readonly result: T['result'] }
  | { readonly error: ReplyError };

/** Why a request failed, in the shape of JSON-RPC. */
export interface ReplyError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** An event that was routed. It can be passed to another router unchanged. */
export interface RoutedEvent<T extends Traffic> extends EventItem<T> {
  /** Its place among all items of its router, from 1. */
  readonly seq: number;
  readonly bytes: number;
}

/** Reports that earlier events were lost. */
export interface Gap {
  readonly kind: 'gap';
  /** How many events were lost. */
  readonly n: number;
  /** `seq` of the first one lost. */
  readonly firstSeq: number;
  /** `seq` of the last one lost. Items in between may have survived, or belong to other ids. */
  readonly lastSeq: number;
}

/** Whether answers may still be sent, and how many were ignored. All requests of a router share one. */
export interface ReplyGate {
  open: boolean;
  ignored: number;
}

/** A request that was routed. It can be passed to another router unchanged. */
export class RoutedRequest<T extends Traffic> implements RequestItem<T> {
  readonly kind = 'request';
  /** Its place among all items of its router, from 1. */
  readonly seq: number;
  readonly message: T['request'];
  readonly bytes: number;
  readonly controller: AbortController | undefined;
  readonly #item: RequestItem<T>;
  readonly #gate: ReplyGate;
  #answered = false;

  constructor(seq: number, item: RequestItem<T>, gate: ReplyGate) {
    this.seq = seq;
    this.message = item.message;
    this.bytes = item.bytes ?? 0;
    this.controller = item.controller;
    this.#item = item;
    this.#gate = gate;
  }

  /** Aborts when the answer is no longer wanted. */
  get signal(): AbortSignal | undefined {
    return this.controller?.signal;
  }

  /** Whether `reply` was called. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Sends the first answer. A second one, or one after the router was closed, is dropped and counted. */
  reply(reply: Reply<T>): void {
    if (this.#answered || !this.#gate.open) {
      this.#gate.ignored += 1;
      return;
    }
    this.#answered = true;
    this.#item.reply(reply);
  }
}

/** An item with its place among all items of its router. */
export type RoutedItem<T extends Traffic> = RoutedEvent<T> | RoutedRequest<T>;

/** What a sink receives. */
export type Delivery<T extends Traffic> = RoutedItem<T> | Gap;

/**
 * Receives the items of one id, in order, one at a time. Items routed to the id meanwhile follow when
 * this returns. If it throws, that one request fails and the next item is delivered.
 *
 * @param registration Its own registration, to swap or release it during a delivery.
 */
export type Sink<T extends Traffic> = (
  delivery: Delivery<T>,
  registration: Registration<T>,
) => void;

/** An id with its sink. */
export interface Registration<T extends Traffic> extends Disposable {
  readonly id: string;
  /** Whether the registration holds the id. */
  readonly active: boolean;

  /**
   * Replaces the sink between two items: the new one gets everything that follows.
   *
   * @returns False if the registration had ended; the new sink gets nothing then.
   */
  swap(sink: Sink<T>): boolean;

  /**
   * Closes the id. Requests that wait behind the current delivery are answered -32001, and so are
   * later ones. Does nothing if the registration has ended.
   *
   * @param reason For `onDrop`.
   * @returns Whether the registration held the id.
   */
  release(reason?: unknown): boolean;
}

/** A gap that was not delivered yet. */
export type GrowingGap = { -readonly [K in keyof Gap]: Gap[K] };

/** Adds a lost event to a gap. @returns The same gap, or a new one for null. */
export function widen(gap: GrowingGap | null, seq: number): GrowingGap {
  if (gap === null) return { kind: 'gap', n: 1, firstSeq: seq, lastSeq: seq };
  gap.n += 1;
  gap.firstSeq = Math.min(gap.firstSeq, seq);
  gap.lastSeq = Math.max(gap.lastSeq, seq);
  return gap;
}
