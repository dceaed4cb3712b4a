import type { Delegate, Notification, ToolCall } from '../../src/delegate.ts';
import { PendingRouter } from '../../src/routing/pending-router.ts';
import type { Delivery, Registration, Reply, Sink } from '../../src/routing/routed-items.ts';
import type { PromptOrder } from './prompt-order.ts';
import type { SessionTools } from './session-tools.ts';
import type { FeedEvent, SessionUpdate } from './session-updates.ts';

/** A call or a notification of a program. */
export type Asked = { readonly signal: AbortSignal } & (
  | { readonly type: 'call'; readonly call: ToolCall }
  | { readonly type: 'notification'; readonly notification: Notification }
);

/** The traffic of a feed. A request is answered with a promise of its result. */
export interface FeedTraffic {
  readonly event: FeedEvent;
  readonly request: Asked;
  readonly result: Promise<unknown>;
}

export type FeedDelivery = Delivery<FeedTraffic>;
export type FeedSink = Sink<FeedTraffic>;

const ID = 'session';

/** Calls `pass` when it is the turn of a request. */
type Turn = (pass: () => void) => void;

const AT_ONCE: Turn = (pass) => pass();

/**
 * The one ordered stream of a session's updates and requests to its owner: a reader at first, later
 * perhaps a proxy. It is the delegate of the session. Handlers of tools are called at once.
 */
export class SessionFeed implements Delegate {
  readonly #tools: SessionTools;
  readonly #router = new PendingRouter<FeedTraffic>();
  readonly #registration: Registration<FeedTraffic>;

  constructor(tools: SessionTools, sink: FeedSink) {
    this.#tools = tools;
    this.#registration = this.#router.register(ID, sink);
  }

  /** Sends an update to the owner. */
  tell(update: FeedEvent): void {
    this.#router.route(ID, { kind: 'event', message: update });
  }

  /** Changes the owner, between two deliveries. */
  swap(sink: FeedSink): void {
    this.#registration.swap(sink);
  }

  invokeTool(call: ToolCall, signal: AbortSignal): Promise<unknown> {
    return this.#invoke(call, signal, AT_ONCE);
  }

  notify(notification: Notification, signal: AbortSignal): Promise<void> {
    return this.#notify(notification, signal, AT_ONCE);
  }

  cellClosed(cellId: string): void {
    this.tell({ type: 'closed', cellId });
  }

  /** The delegate of a prompt: its requests are sent in this order. */
  inOrder(order: PromptOrder): Delegate {
    return {
      invokeTool: (call, signal) =>
        this.#invoke(call, signal, (pass) => order.call(call.callId, pass)),
      notify: (notification, signal) =>
        this.#notify(notification, signal, (pass) => order.notification(pass)),
      cellClosed: (cellId) => order.closed(() => this.cellClosed(cellId)),
    };
  }

  /** A handler starts at once; only its update waits for its turn. */
  async #invoke(call: ToolCall, signal: AbortSignal, turn: Turn): Promise<unknown> {
    const handler = this.#tools.handlerOf(call.tool);
    if (handler === undefined) return this.#ask({ type: 'call', call, signal }, turn);
    signal.throwIfAborted();
    turn(() => this.tell({ type: 'tool', call }));
    return handler(call, signal);
  }

  async #notify(notification: Notification, signal: AbortSignal, turn: Turn): Promise<void> {
    await this.#ask({ type: 'notification', notification, signal }, turn);
  }

  /** A request that reached the owner is awaited even when it is cancelled, so that it can still finish. */
  #ask(asked: Asked, turn: Turn): Promise<unknown> {
    const { signal } = asked;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort);
      const reply = (reply: Reply<FeedTraffic>) => {
        signal.removeEventListener('abort', onAbort);
        if ('error' in reply) reject(new Error(reply.error.message));
        else resolve(reply.result);
      };
      const pass = () => this.#router.route(ID, { kind: 'request', message: asked, reply });
      turn(() => (signal.aborted ? onAbort() : void pass()));
    });
  }
}

/** The update for a reader. */
export function toUpdate(delivery: FeedDelivery): SessionUpdate {
  if (delivery.kind === 'event') return delivery.message;
  if (delivery.kind === 'gap') return { type: 'gap', missed: delivery.n };
  const { message } = delivery;
  if (message.type === 'notification') return { type: 'notification', ...message.notification };
  const { type, call, signal } = message;
  return {
    type,
    call,
    signal,
    respond: (result) => delivery.reply({ result: Promise.resolve(result) }),
    fail: (error) => delivery.reply({ result: Promise.reject(error) }),
  };
}

/** Whether the program no longer wants the answer. */
export function isGivenUp(delivery: FeedDelivery): boolean {
  return (
    delivery.kind === 'request' &&
    delivery.message.type === 'call' &&
    delivery.message.signal.aborted
  );
}
