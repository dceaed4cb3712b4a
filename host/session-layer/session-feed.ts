import type { Delegate, Notification, ToolCall } from '../../src/delegate.ts';
import { PendingRouter } from '../../src/routing/pending-router.ts';
import type { Delivery, Registration, Reply, Sink } from '../../src/routing/routed-items.ts';
import type { PromptOrder } from './prompt-order.ts';
import type { SessionTools } from './session-tools.ts';
import type { FeedEvent, SessionUpdate } from './session-updates.ts';

/** What a program asks, and until when. */
export type Asked = { readonly signal: AbortSignal } & (
  | { readonly type: 'call'; readonly call: ToolCall }
  | { readonly type: 'notification'; readonly notification: Notification }
);

/** What goes over the feed of a session. A request is answered with what will be its answer. */
export interface FeedTraffic {
  readonly event: FeedEvent;
  readonly request: Asked;
  readonly result: Promise<unknown>;
}

export type FeedDelivery = Delivery<FeedTraffic>;
export type FeedSink = Sink<FeedTraffic>;

const ID = 'session';

/** Calls `pass` when it is the turn of what is asked. */
type Turn = (pass: () => void) => void;

const AT_ONCE: Turn = (pass) => pass();

/**
 * The one way by which everything about a session comes to whoever has it: first a reader, later
 * perhaps a proxy. It is the delegate of the session; handlers of tools are called at once.
 */
export class SessionFeed implements Delegate {
  readonly #tools: SessionTools;
  readonly #router = new PendingRouter<FeedTraffic>();
  readonly #registration: Registration<FeedTraffic>;

  constructor(tools: SessionTools, sink: FeedSink) {
    this.#tools = tools;
    this.#registration = this.#router.register(ID, sink);
  }

  /** Tells whoever has the session. */
  tell(update: FeedEvent): void {
    this.#router.route(ID, { kind: 'event', message: update });
  }

  /** Hands the session over, between two deliveries. */
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

  /** The delegate of a prompt: what its program asks for is told in this order. */
  inOrder(order: PromptOrder): Delegate {
    return {
      invokeTool: (call, signal) =>
        this.#invoke(call, signal, (pass) => order.call(call.callId, pass)),
      notify: (notification, signal) =>
        this.#notify(notification, signal, (pass) => order.notification(pass)),
      cellClosed: (cellId) => order.closed(() => this.cellClosed(cellId)),
    };
  }

  /** A handler starts at once; only what is told of it waits for its turn. */
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

  /** Once somebody does it, that is waited for, so that who is cancelled can still come to an end. */
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

/** What a reader is shown. */
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

/** Whether nobody wants it any more. */
export function isGivenUp(delivery: FeedDelivery): boolean {
  return (
    delivery.kind === 'request' &&
    delivery.message.type === 'call' &&
    delivery.message.signal.aborted
  );
}
