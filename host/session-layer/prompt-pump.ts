import { CodeModeError } from '../../src/errors.ts';
import type { CellEvent } from '../../src/events.ts';
import { isLast, type LiveEvent, type LiveEvents } from '../../src/live-events.ts';
import type { Session, StartedCell } from '../../src/session.ts';
import type { PromptEnd, TellingUpdate } from './session-updates.ts';

/** Where a prompt's updates go. */
export interface PromptSink {
  tell(update: TellingUpdate): void;
  readonly isFull: boolean;
  /** What to wait for before more is told. */
  room(): Promise<void> | undefined;
}

/** Of a session without live events, output is asked for this often, in milliseconds. */
const OBSERVE_MS = 1_000;
const LIVE_OBSERVE_MS = 60_000;

/** How the first wait for a prompt's cell is made. */
export const FIRST_OBSERVE = { yieldAfterMs: OBSERVE_MS } as const;

/**
 * Brings what a prompt shows, and how it ends, to a sink: as it happens where the session can tell
 * that, and else each time the cell is observed.
 */
export class PromptPump {
  readonly #session: Session;
  readonly #cellId: string;
  readonly #sink: PromptSink;
  readonly #events: LiveEvents;
  /** Which of the two ways tells; null until that is known. */
  #teller: 'events' | 'observing' | null = null;
  /** What observing brought while that was not known. */
  #observed: CellEvent[] = [];
  /** What observing ended with. */
  #final: PromptEnd | null = null;
  #failure: Error | null = null;
  #isOver = false;

  constructor(session: Session, { cellId, first }: StartedCell, sink: PromptSink) {
    this.#session = session;
    this.#cellId = cellId;
    this.#sink = sink;
    this.#events = session.events(cellId);
    this.#next();
    this.#observe(first).catch((error: unknown) => this.#fail(error));
  }

  #next(): void {
    this.#events.next().then(
      ({ value }) => value !== undefined && this.#happened(value),
      () => this.#chooseObserving(),
    );
  }

  #happened(event: LiveEvent): void {
    if (this.#teller === null && event.type === 'missing') return this.#chooseObserving();
    this.#teller = 'events';
    this.#observed = [];
    for (let next: LiveEvent | undefined = event; next !== undefined; next = this.#more()) {
      this.#tellEvent(next);
      if (isLast(next)) return;
    }
    const room = this.#sink.room();
    if (room === undefined) this.#next();
    else void room.then(() => this.#next());
  }

  #more(): LiveEvent | undefined {
    return this.#sink.isFull ? undefined : this.#events.take();
  }

  #tellEvent(event: LiveEvent): void {
    const cellId = this.#cellId;
    switch (event.type) {
      case 'output':
        return this.#sink.tell({ type: 'output', cellId, item: event.item });
      case 'gap':
        return this.#sink.tell(event);
      case 'completed':
      case 'terminated':
      case 'missing':
        return this.#end(event);
      case 'tool-started':
      case 'tool-ended':
      case 'notified':
      case 'phase':
        // The session's delegate tells these.
        return;
    }
  }

  /** There is always somebody who takes the output from the session, so that the cell can go on. */
  async #observe(first: Promise<CellEvent>): Promise<void> {
    for (let event = await first; ; event = await this.#session.observe(this.#cellId, this.#mode)) {
      if (this.#teller === 'observing') this.#tellObserved(event);
      else if (this.#teller === null) this.#observed.push(event);
      if (event.type === 'yielded' || event.type === 'pending') continue;
      this.#final = event;
      return;
    }
  }

  get #mode() {
    return { yieldAfterMs: this.#teller === 'events' ? LIVE_OBSERVE_MS : OBSERVE_MS };
  }

  /** There are no events, or they broke off: what observing brought tells the rest. */
  #chooseObserving(): void {
    this.#teller = 'observing';
    for (const event of this.#observed.splice(0)) this.#tellObserved(event);
    if (this.#final !== null) this.#end(this.#final);
    if (this.#failure !== null) this.#end({ type: 'failed', error: this.#failure });
  }

  #tellObserved(event: CellEvent): void {
    for (const item of event.items) this.#sink.tell({ type: 'output', cellId: this.#cellId, item });
    if (event.type !== 'yielded' && event.type !== 'pending') this.#end(event);
  }

  #fail(error: unknown): void {
    this.#failure =
      error instanceof Error ? error : new CodeModeError('peer_failed', String(error));
    if (this.#teller === 'observing') this.#end({ type: 'failed', error: this.#failure });
  }

  #end(end: PromptEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink.tell({ type: 'end', cellId: this.#cellId, end: onlyEnd(end) });
  }
}

/** Without what the event says besides. */
function onlyEnd(end: PromptEnd): PromptEnd {
  switch (end.type) {
    case 'completed':
      return { type: 'completed', failure: end.failure, notes: end.notes };
    case 'terminated':
      return { type: 'terminated' };
    case 'missing':
      return { type: 'missing', reason: end.reason };
    case 'failed':
      return end;
  }
}
