/** What goes over a router: the types of its events, its requests, and what a request is answered with. */
export interface Traffic {
  readonly event: unknown;
  readonly request: unknown;
  readonly result: unknown;
}

/** Something told about an id that wants no answer. */
export interface EventItem<T extends Traffic> {
  readonly kind: 'event';
  readonly message: T['event'];
  /** What it costs to keep, in bytes. Default: 0. */
  readonly bytes?: number | undefined;
}

/** Something asked about an id. It is answered once: by whoever it was delivered to, or else by the router. */
export interface RequestItem<T extends Traffic> {
  readonly kind: 'request';
  readonly message: T['request'];
  /** What it costs to keep, in bytes. Default: 0. */
  readonly bytes?: number | undefined;
  /** Aborted by its owner where the peer cancels the request, and by the router where the connection ends first. */
  readonly controller?: AbortController | undefined;
  /** Sends the answer. Called once at most, and not after the router was closed. */
  reply(reply: Reply<T>): void;
}

/** What may be handed to a router. */
export type Item<T extends Traffic> = EventItem<T> | RequestItem<T>;

/** An answer: what was asked for, or why not. */
export type Reply<T extends Traffic> =
  | { readonly result: T['result'] }
  | { readonly error: ReplyError };

/** Why a request failed, in the shape of JSON-RPC. */
export interface ReplyError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** An event on its way, or arrived. May be routed on as it is. */
export interface RoutedEvent<T extends Traffic> extends EventItem<T> {
  /** Its place among all items of its router, from 1. */
  readonly seq: number;
  readonly bytes: number;
}

/** Tells that events are missing which came before those that follow. */
export interface Gap {
  readonly kind: 'gap';
  /** How many events were lost. */
  readonly n: number;
  /** `seq` of the first one lost. */
  readonly firstSeq: number;
  /** `seq` of the last one lost. Other items in between may have survived, or belong to other ids. */
  readonly lastSeq: number;
}

/** Whether answers may still be sent, and how many came for nothing; one for all requests of a router. */
export interface ReplyGate {
  open: boolean;
  ignored: number;
}

/** A request on its way, or arrived. May be routed on as it is. */
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

  /** Aborts where nobody wants the answer any more. */
  get signal(): AbortSignal | undefined {
    return this.controller?.signal;
  }

  /** Whether `reply` was called. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Answers. The first answer goes out; a second, or one after the router was closed, is dropped and counted. */
  reply(reply: Reply<T>): void {
    if (this.#answered || !this.#gate.open) {
      this.#gate.ignored += 1;
      return;
    }
    this.#answered = true;
    this.#item.reply(reply);
  }
}

/** An item that has its place. */
export type RoutedItem<T extends Traffic> = RoutedEvent<T> | RoutedRequest<T>;

/** What a sink is given. */
export type Delivery<T extends Traffic> = RoutedItem<T> | Gap;

/**
 * Takes what is for one id, in order, one at a time: what is routed to the id meanwhile follows when
 * this returns. What it throws fails that one request; the next is delivered all the same.
 *
 * @param registration Its own, for handing over or leaving in the middle of a delivery.
 */
export type Sink<T extends Traffic> = (
  delivery: Delivery<T>,
  registration: Registration<T>,
) => void;

/** Somebody's hold on an id. */
export interface Registration<T extends Traffic> extends Disposable {
  readonly id: string;
  /** Whether the id is still this registration's. */
  readonly active: boolean;

  /**
   * Hands over to another sink, between two items: the old one gets nothing more, the new one all that follows.
   *
   * @returns False where the registration was over; the new sink gets nothing then.
   */
  swap(sink: Sink<T>): boolean;

  /**
   * Lets go of the id. What waits behind the current delivery is answered -32001, and so is what
   * comes later. Does nothing where the id has another owner by now.
   *
   * @param reason For `onDrop`.
   * @returns Whether the id was still this registration's.
   */
  release(reason?: unknown): boolean;
}

/** A gap that nobody was told of yet. */
export type GrowingGap = { -readonly [K in keyof Gap]: Gap[K] };

/** Joins the loss of one event to those before. @returns The same gap, or a new one where there was none. */
export function widen(gap: GrowingGap | null, seq: number): GrowingGap {
  if (gap === null) return { kind: 'gap', n: 1, firstSeq: seq, lastSeq: seq };
  gap.n += 1;
  gap.firstSeq = Math.min(gap.firstSeq, seq);
  gap.lastSeq = Math.max(gap.lastSeq, seq);
  return gap;
}
