import type { Delegate, Notification, ToolCall } from '../../src/delegate.ts';
import { PendingRouter } from '../../src/pending-router.ts';
import type { Delivery, Registration } from '../../src/routed-items.ts';
import type { Guard } from '../../src/router-vocabulary.ts';

/** What goes to a client for one cell: what to do, when the client knows the cell. */
interface CellCalls {
  readonly event: () => void;
  readonly request: () => Promise<unknown>;
  readonly result: Promise<unknown>;
}

/** As many calls as one cell may have under way wait, as long as the start takes to be told. */
const LIMITS = {
  maxItemsPerId: Number.POSITIVE_INFINITY,
  maxPendingIds: Number.POSITIVE_INFINITY,
  parkMs: Number.POSITIVE_INFINITY,
};

/**
 * The delegate of a session that runs elsewhere: what its cells ask may come before the client was
 * told that they have started, and waits for that.
 */
export class AnnouncedCalls implements Delegate {
  readonly #client: Delegate;
  readonly #router = new PendingRouter<CellCalls>({
    limits: LIMITS,
    onDrop: ({ cause, item }) => {
      if (cause === 'pendingEnded' && item.kind === 'event') item.message();
    },
  });
  readonly #starting = new Map<string, Guard<CellCalls>>();
  #guards = 0;

  constructor(client: Delegate) {
    this.#client = client;
  }

  /** Runs what starts a cell; `announced` has to follow. */
  async start<T extends { readonly cellId: string }>(execute: () => Promise<T>): Promise<T> {
    const guard = this.#router.open();
    this.#guards += 1;
    try {
      const started = await execute();
      this.#starting.set(started.cellId, guard);
      return started;
    } catch (error) {
      this.#end(guard);
      throw error;
    }
  }

  /** The client was told that the cell has started. */
  announced(cellId: string): void {
    const guard = this.#starting.get(cellId);
    if (guard === undefined) return;
    this.#starting.delete(cellId);
    guard.claim(cellId, (delivery, registration) => deliver(delivery, registration));
    this.#end(guard);
  }

  invokeTool(call: ToolCall, signal: AbortSignal): Promise<unknown> {
    return this.#ask(call.cellId, () => this.#client.invokeTool(call, signal));
  }

  async notify(notification: Notification, signal: AbortSignal): Promise<void> {
    await this.#ask(notification.cellId, () => this.#client.notify(notification, signal));
  }

  cellClosed(cellId: string): void {
    const tell = () => this.#client.cellClosed?.(cellId);
    if (this.#mustWait(cellId)) this.#router.route(cellId, { kind: 'event', message: tell });
    else tell();
  }

  /** Where nobody starts a cell here, one that is not known is of whoever runs the session. */
  #mustWait(cellId: string): boolean {
    return this.#guards > 0 || this.#router.isLive(cellId);
  }

  #ask(cellId: string, message: () => Promise<unknown>): Promise<unknown> {
    if (!this.#mustWait(cellId)) return message();
    return new Promise((resolve) => {
      this.#router.route(cellId, {
        kind: 'request',
        message,
        // What waited for nothing is of a cell that was not started here: it goes on all the same.
        reply: (reply) => resolve('result' in reply ? reply.result : message()),
      });
    });
  }

  #end(guard: Guard<CellCalls>): void {
    this.#guards -= 1;
    guard.release();
  }
}

function deliver(delivery: Delivery<CellCalls>, registration: Registration<CellCalls>): void {
  if (delivery.kind === 'request') return delivery.reply({ result: delivery.message() });
  if (delivery.kind === 'gap') return;
  delivery.message();
  registration.release();
}
