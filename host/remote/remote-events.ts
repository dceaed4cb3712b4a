import { Fifo } from '../../src/collections/fifo.ts';
import { CodeModeError } from '../../src/errors.ts';
import { bytesOfEvent, isLast, type LiveEvent } from '../../src/live-events.ts';
import type { EventSource } from '../../src/runtime/event-reader.ts';
import type { Asked } from './host-link.ts';

/**
 * Asks the host for the events after a number.
 *
 * @param onEvents Called in place, until the end is answered.
 */
export type Subscribe = (
  after: number,
  onEvents: (events: readonly LiveEvent[]) => void,
) => Pick<Asked<unknown>, 'answer' | 'cancel'>;

/** How many unread events, and bytes of them, stop the subscription. */
const MAX_EVENTS = 4_096;
const MAX_BYTES = 4 << 20;

/**
 * The events of one cell of a host, for one reader. A reader that falls behind cancels its
 * subscription, and subscribes again at its position when it has caught up.
 */
export class RemoteEvents implements EventSource {
  readonly #cellId: string;
  readonly #ask: Subscribe;
  readonly #events = new Fifo<LiveEvent>();
  #bytes = 0;
  #subscription: { cancel(): void } | null = null;
  #isCancelled = false;
  /** Whether the last event has arrived. */
  #isOver = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;

  constructor(cellId: string, subscribe: Subscribe) {
    this.#cellId = cellId;
    this.#ask = subscribe;
  }

  after(seq: number): LiveEvent | undefined {
    const event = this.#events.shift();
    if (event !== undefined) {
      this.#bytes -= bytesOfEvent(event);
      return event;
    }
    if (this.#failure !== null) throw this.#failure.error;
    if (this.#subscription === null) this.#subscribe(seq);
    return undefined;
  }

  watch(wake: () => void): () => void {
    this.#wake = wake;
    return () => {
      this.#wake = null;
      this.#cancel();
    };
  }

  #subscribe(after: number): void {
    this.#isCancelled = false;
    const asked = this.#ask(after, (events) => this.#keep(events));
    this.#subscription = asked;
    asked.answer.then(
      () => this.#ended(null),
      (error: unknown) => this.#ended({ error }),
    );
  }

  #cancel(): void {
    if (this.#subscription === null || this.#isCancelled || this.#isOver) return;
    this.#isCancelled = true;
    this.#subscription.cancel();
  }

  /** Events that were in transit when the subscription was cancelled are sent again by the next one. */
  #keep(events: readonly LiveEvent[]): void {
    if (this.#isCancelled) return;
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += bytesOfEvent(event);
      this.#isOver = isLast(event);
    }
    this.#wake?.();
    if (this.#events.size >= MAX_EVENTS || this.#bytes >= MAX_BYTES) this.#cancel();
  }

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
  const text = `code-mode host ended the events of cell ${cellId} without the last one`;
  return new CodeModeError('peer_failed', text);
}
