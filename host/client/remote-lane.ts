import { CodeModeError } from '../../src/errors.ts';
import { isLast, type LiveEvent } from '../../src/live-events.ts';
import { laneBusy } from '../../src/runtime/cell-lane.ts';
import { EventInbox } from '../../src/runtime/event-inbox.ts';
import type { EventSource } from '../../src/runtime/event-reader.ts';

/** What a lane does with its host. */
export interface LaneHost {
  /**
   * Has the host tell what happens.
   *
   * @param onEvents Called in place, until the end is answered.
   * @returns What it is cancelled by, and a promise for its end.
   */
  subscribe(onEvents: (events: readonly LiveEvent[]) => void): {
    readonly id: number;
    readonly answer: Promise<unknown>;
  };
  /** Has the host tell nothing more. */
  cancel(id: number): void;
}

/**
 * The events of one cell of a host. The host tells them while a subscriber is here and there is
 * room; else it keeps them, or drops them and tells how many.
 */
export class RemoteLane implements EventSource {
  readonly #cellId: string;
  readonly #host: LaneHost;
  readonly #inbox = new EventInbox();
  #subscription: number | null = null;
  #isCancelled = false;
  /** All was told: the last event is in the inbox, or was taken. */
  #isOver = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;

  constructor(cellId: string, host: LaneHost) {
    this.#cellId = cellId;
    this.#host = host;
  }

  attach(wake: () => void): void {
    if (this.#wake !== null) throw laneBusy(this.#cellId);
    this.#failure = null;
    this.#wake = wake;
  }

  take(): LiveEvent | undefined {
    const event = this.#inbox.take();
    if (event !== undefined) return event;
    if (this.#failure !== null) throw this.#failure.error;
    this.#subscribe();
    return undefined;
  }

  /** What is still on its way is the next subscriber's. */
  detach(): void {
    this.#wake = null;
    this.#cancel();
  }

  #subscribe(): void {
    if (this.#subscription !== null) return;
    this.#isCancelled = false;
    this.#isOver = false;
    const { id, answer } = this.#host.subscribe((events) => this.#keep(events));
    this.#subscription = id;
    answer.then(
      () => this.#ended(null),
      (error: unknown) => this.#ended({ error }),
    );
  }

  #cancel(): void {
    if (this.#subscription === null || this.#isCancelled || this.#isOver) return;
    this.#isCancelled = true;
    this.#host.cancel(this.#subscription);
  }

  #keep(events: readonly LiveEvent[]): void {
    for (const event of events) {
      this.#inbox.push(event);
      this.#isOver = isLast(event);
    }
    this.#wake?.();
    if (this.#inbox.isFull) this.#cancel();
  }

  /** Who still wants more after a subscription was given up gets another. */
  #ended(failure: { readonly error: unknown } | null): void {
    this.#subscription = null;
    const error = failure?.error;
    const isOurs =
      this.#isCancelled && error instanceof CodeModeError && error.code === 'cancelled';
    const isShort = failure === null && !this.#isOver && !this.#isCancelled;
    this.#failure = isOurs ? null : isShort ? { error: endless(this.#cellId) } : failure;
    this.#wake?.();
  }
}

function endless(cellId: string): CodeModeError {
  const text = `code-mode host told no end of the events of cell ${cellId}`;
  return new CodeModeError('peer_failed', text);
}
