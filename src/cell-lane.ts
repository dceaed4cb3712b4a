import { CALL_CANCELLED, type Callbacks } from './callbacks.ts';
import { type Notification, ToolCall } from './delegate.ts';
import { CodeModeError } from './errors.ts';
import type { EventSource } from './event-reader.ts';
import { bytesOfEvent, type CellEnd, type LiveEvent, type LiveNews } from './live-events.ts';
import { PendingRouter } from './pending-router.ts';
import type { Delivery, Registration, RequestItem, RoutedRequest } from './routed-items.ts';
import type { Guard } from './router-vocabulary.ts';
import type { ToolAnswer } from './sandbox.ts';

/** What goes over the router of a session. A request is answered at once, with what will be its answer. */
export interface CellTraffic {
  readonly event: LiveNews;
  readonly request: ToolCall | Notification;
  readonly result: Promise<unknown>;
}

/** The router of a session: its ids are cells. The limits of the session bound how many there are. */
export function cellRouter(): PendingRouter<CellTraffic> {
  return new PendingRouter({ limits: { maxPendingIds: Number.POSITIVE_INFINITY } });
}

/** How much is kept for a subscriber that does not keep up, before its lane only waits and drops. */
const MAX_INBOX_ITEMS = 4_096;
const MAX_INBOX_BYTES = 4 << 20;

/**
 * The way of one cell to the outside. Its requests go to its callbacks at once. Its events wait in
 * the router, within its limits, until the first subscriber comes; from then on they come here, as
 * long as there is room, and when there is none they wait in the router again.
 */
export class CellLane implements EventSource {
  readonly #id: string;
  readonly #router: PendingRouter<CellTraffic>;
  readonly #guard: Guard<CellTraffic>;
  readonly #callbacks: Callbacks;
  readonly #sink = (
    delivery: Delivery<CellTraffic>,
    registration: Registration<CellTraffic>,
  ): void => this.#deliver(delivery, registration);
  #registration: Registration<CellTraffic> | null = null;
  /** What was delivered and not taken, from `#next` on. */
  #inbox: LiveEvent[] = [];
  #next = 0;
  #inboxBytes = 0;
  #end: CellEnd | null = null;
  #isRetired = false;
  #wake: (() => void) | null = null;

  constructor(id: string, router: PendingRouter<CellTraffic>, callbacks: Callbacks) {
    this.#id = id;
    this.#router = router;
    this.#callbacks = callbacks;
    this.#guard = router.open({ token: id, early: (request) => this.#serve(request) });
  }

  /** Tells what happened. After the end it tells nothing any more. */
  tell(event: LiveNews): void {
    if (this.#end !== null || this.#isRetired) return;
    this.#router.route(
      this.#id,
      { kind: 'event', message: event, bytes: bytesOfEvent(event) },
      this.#id,
    );
  }

  /** Makes a tool call of the program. Never rejects. */
  invokeTool(call: ToolCall): Promise<ToolAnswer> {
    this.tell({ type: 'tool-started', callId: call.callId, tool: call.tool });
    return this.#ask(call, CALL_CANCELLED) as Promise<ToolAnswer>;
  }

  /** Delivers a notification of the program. Never rejects. */
  notify(notification: Notification): Promise<void> {
    this.tell({ type: 'notified', text: notification.text });
    return this.#ask(notification, undefined) as Promise<void>;
  }

  /** Tells how the cell ended, which is the last there is to tell. It cannot get lost. */
  end(end: CellEnd): void {
    this.#end = end;
    this.#wake?.();
  }

  /** Takes no new subscriber any more. One that is there still gets everything. */
  retire(): void {
    if (this.#wake !== null) this.#listen();
    this.#isRetired = true;
    this.#registration?.release();
    this.#guard.release();
  }

  attach(wake: () => void): void {
    if (this.#wake !== null) {
      const text = `exec cell ${this.#id} already has a subscriber of its events`;
      throw new CodeModeError('cell_busy', text);
    }
    this.#wake = wake;
  }

  take(): LiveEvent | undefined {
    if (this.#next === this.#inbox.length) this.#listen();
    const event = this.#inbox[this.#next];
    if (event === undefined) return this.#end ?? undefined;
    this.#inboxBytes -= bytesOfEvent(event);
    this.#next += 1;
    if (this.#next === this.#inbox.length) {
      this.#inbox = [];
      this.#next = 0;
    }
    return event;
  }

  detach(): void {
    this.#wake = null;
  }

  /** Has the router deliver here: what waits there at once. */
  #listen(): void {
    if (this.#isRetired || this.#registration?.swap(this.#sink) === true) return;
    this.#registration = this.#guard.claim(this.#id, this.#sink);
  }

  #deliver(delivery: Delivery<CellTraffic>, registration: Registration<CellTraffic>): void {
    switch (delivery.kind) {
      case 'request':
        this.#serve(delivery);
        return;
      case 'event':
        return this.#keep(delivery.message, registration);
      case 'gap':
        return this.#keep({ type: 'gap', missed: delivery.n }, registration);
    }
  }

  #keep(event: LiveEvent, registration: Registration<CellTraffic>): void {
    this.#inbox.push(event);
    this.#inboxBytes += bytesOfEvent(event);
    this.#wake?.();
    const items = this.#inbox.length - this.#next;
    if (items >= MAX_INBOX_ITEMS || this.#inboxBytes >= MAX_INBOX_BYTES) registration.suspend();
  }

  #serve(request: RoutedRequest<CellTraffic>): true {
    const { message } = request;
    const callbacks = this.#callbacks;
    const isCall = message instanceof ToolCall;
    request.reply({ result: isCall ? callbacks.invokeTool(message) : callbacks.notify(message) });
    return true;
  }

  /** Routes a request. It is answered in place, unless it stands behind another that is being served. */
  #ask(message: ToolCall | Notification, refusal: unknown): Promise<unknown> {
    let answer: Promise<unknown> | undefined;
    let resolve = (given: Promise<unknown>) => {
      answer = given;
    };
    const request: RequestItem<CellTraffic> = {
      kind: 'request',
      message,
      reply: (reply) => resolve('result' in reply ? reply.result : Promise.resolve(refusal)),
    };
    this.#router.route(this.#id, request, this.#id);
    return (
      answer ??
      new Promise((settle) => {
        resolve = settle;
      })
    );
  }
}
