import { type Notification, ToolCall } from '../delegate.ts';
import { CodeModeError } from '../errors.ts';
import { bytesOfEvent, type CellEnd, type LiveEvent, type LiveNews } from '../live-events.ts';
import { PendingRouter } from '../routing/pending-router.ts';
import type {
  Delivery,
  Registration,
  Reply,
  RequestItem,
  RoutedRequest,
} from '../routing/routed-items.ts';
import type { Guard } from '../routing/router-types.ts';
import type { ToolAnswer } from '../sandbox.ts';
import { CALL_CANCELLED, type Callbacks } from './callbacks.ts';
import { EventInbox } from './event-inbox.ts';
import type { EventSource } from './event-reader.ts';

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

/** What a lane is made of. */
export interface CellLaneParts {
  readonly id: string;
  readonly router: PendingRouter<CellTraffic>;
  readonly callbacks: Callbacks;
  /** Whether somebody has said that they will read it. */
  readonly keeps: boolean;
}

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
  readonly #inbox = new EventInbox();
  #end: CellEnd | null = null;
  #isWanted: boolean;
  #isRetired = false;
  #wake: (() => void) | null = null;

  constructor({ id, router, callbacks, keeps }: CellLaneParts) {
    this.#id = id;
    this.#router = router;
    this.#callbacks = callbacks;
    this.#isWanted = keeps;
    this.#guard = router.open({ token: id, early: (request) => this.#serve(request) });
    // The subscriber that was announced may be far away, and the router keeps little until it is here.
    if (keeps) this.#listen();
  }

  /** Whether somebody may still read it to its end: who has begun to, or was announced. */
  get isWanted(): boolean {
    return this.#isWanted;
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

  /** Leaves the router. Where it is wanted, what waits there can still be read. */
  retire(): void {
    if (this.#isWanted) this.#listen();
    this.#isRetired = true;
    this.#registration?.release();
    this.#guard.release();
  }

  attach(wake: () => void): void {
    if (this.#wake !== null) throw laneBusy(this.#id);
    this.#isWanted = true;
    this.#wake = wake;
  }

  take(): LiveEvent | undefined {
    if (this.#inbox.isEmpty) this.#listen();
    const event = this.#inbox.take();
    if (event !== undefined || this.#end === null) return event;
    this.#isWanted = false;
    return this.#end;
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
    this.#wake?.();
    if (this.#inbox.isFull) registration.suspend();
  }

  #serve(request: RoutedRequest<CellTraffic>): true {
    const { message } = request;
    const callbacks = this.#callbacks;
    const isCall = message instanceof ToolCall;
    request.reply({ result: isCall ? callbacks.invokeTool(message) : callbacks.notify(message) });
    return true;
  }

  #ask(message: ToolCall | Notification, refusal: unknown): Promise<unknown> {
    const request = new LaneRequest(message, refusal);
    this.#router.route(this.#id, request, this.#id);
    return request.answer;
  }
}

/** A request of the program. It is answered in place, unless it stands behind another that is being served. */
class LaneRequest implements RequestItem<CellTraffic> {
  readonly kind = 'request';
  readonly message: ToolCall | Notification;
  readonly #refusal: unknown;
  #answer: Promise<unknown> | null = null;
  #resolve: ((answer: unknown) => void) | null = null;

  /** @param refusal What it is answered where the router refuses it. */
  constructor(message: ToolCall | Notification, refusal: unknown) {
    this.message = message;
    this.#refusal = refusal;
  }

  get answer(): Promise<unknown> {
    this.#answer ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#answer;
  }

  reply(reply: Reply<CellTraffic>): void {
    const answer = 'result' in reply ? reply.result : Promise.resolve(this.#refusal);
    if (this.#resolve === null) this.#answer = answer;
    else this.#resolve(answer);
  }
}

/** Why a second subscriber is refused. */
export function laneBusy(cellId: string): CodeModeError {
  const text = `exec cell ${cellId} already has a subscriber of its events`;
  return new CodeModeError('cell_busy', text);
}
