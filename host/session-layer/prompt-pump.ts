import { CodeModeError } from '../../src/errors.ts';
import type { CellEvent, OutputItem } from '../../src/events.ts';
import { isLast, type LiveEvent, type LiveEvents } from '../../src/live-events.ts';
import type { Session, StartedCell } from '../../src/session.ts';
import type { PromptOrder } from './prompt-order.ts';
import type { FeedEvent, PromptEnd } from './session-updates.ts';

/** Where a prompt's updates go. */
export interface PromptSink {
  tell(update: FeedEvent): void;
  readonly isFull: boolean;
  /** What to wait for before more is told. */
  room(): Promise<void> | undefined;
}

/** How often a cell is asked for output where its events do not tell it, in milliseconds. */
const OBSERVE_MS = 1_000;
const LIVE_OBSERVE_MS = 60_000;
/** How much output is taken from the session before the reader has room for it. */
const MAX_KEPT = 4_096;

/** How the first wait for a prompt's cell is made. */
export const FIRST_OBSERVE = { yieldAfterMs: OBSERVE_MS } as const;

/**
 * Brings what a prompt shows, and how it ends, to a sink. Its live events tell that as it happens;
 * observing tells it too, later, but loses nothing. So events are listened to until one is missing.
 */
export class PromptPump {
  readonly #session: Session;
  readonly #cellId: string;
  readonly #order: PromptOrder;
  readonly #sink: PromptSink;
  readonly #events: LiveEvents;
  /** Which of the two ways tells; null until that is known. */
  #teller: 'events' | 'observing' | null = null;
  /** How much of the output was told. */
  #told = 0;
  /** What was observed and may not have been told: all output from `#keptFrom` on. */
  #kept: OutputItem[] = [];
  #keptFrom = 0;
  /** What observing ended with. */
  #final: PromptEnd | null = null;
  #isFlushing = false;
  #isOver = false;

  /** @param order What the program asks for, to be told between what it shows. */
  constructor(
    session: Session,
    { cellId, first }: StartedCell,
    order: PromptOrder,
    sink: PromptSink,
  ) {
    this.#session = session;
    this.#cellId = cellId;
    this.#order = order;
    this.#sink = sink;
    this.#events = session.events(cellId);
    this.#next();
    void this.#observe(first);
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
    for (let next: LiveEvent | undefined = event; next !== undefined; next = this.#more()) {
      if (next.type === 'gap') return this.#chooseObserving();
      if (isEnd(next)) return this.#end(next);
      this.#pass(next);
    }
    const room = this.#sink.room();
    if (room === undefined) return this.#next();
    // Who waits for an answer must not wait for a reader who does not read.
    this.#order.flush();
    void room.then(() => this.#next());
  }

  #pass(event: LiveEvent): void {
    if (event.type === 'output') this.#tell(event.item);
    else if (event.type === 'tool-started') this.#order.reachCall(event.callId);
    else if (event.type === 'tool-ended') this.#order.endCall(event.callId);
    else if (event.type === 'notified') this.#order.reachNotification();
  }

  #more(): LiveEvent | undefined {
    return this.#sink.isFull ? undefined : this.#events.take();
  }

  /** There are no events, or one is missing: what is observed tells the rest. */
  #chooseObserving(): void {
    this.#teller = 'observing';
    this.#order.giveUp();
    void this.#events.return();
    void this.#flush();
  }

  /** There is always somebody who takes the output from the session, so that the cell can go on. */
  async #observe(first: Promise<CellEvent>): Promise<void> {
    try {
      this.#final = await this.#observeToEnd(first);
    } catch (error) {
      this.#final = { type: 'failed', error: toError(error) };
    }
    if (this.#teller === 'observing') await this.#flush();
  }

  async #observeToEnd(first: Promise<CellEvent>): Promise<PromptEnd> {
    for (let event = await first; ; event = await this.#session.observe(this.#cellId, this.#mode)) {
      this.#kept.push(...event.items);
      if (event.type !== 'yielded' && event.type !== 'pending') return event;
      await this.#roomToKeep();
    }
  }

  get #mode() {
    return { yieldAfterMs: this.#teller === 'events' ? LIVE_OBSERVE_MS : OBSERVE_MS };
  }

  /** What nobody reads stays with the session in the end, whose limits hold then. */
  async #roomToKeep(): Promise<void> {
    if (this.#teller === 'observing') await this.#flush();
    else this.#trim();
    while (this.#kept.length > MAX_KEPT && this.#sink.isFull) await this.#sink.room();
  }

  /** Tells what was observed and not told, and then the end, if that is known; one at a time. */
  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    for (this.#trim(); this.#kept.length > 0; this.#trim()) {
      await this.#sink.room();
      for (const item of this.#kept) {
        if (this.#sink.isFull) break;
        this.#tell(item);
      }
    }
    this.#isFlushing = false;
    if (this.#final !== null) this.#end(this.#final);
  }

  /** Lets go of what was told. */
  #trim(): void {
    const told = Math.min(Math.max(this.#told - this.#keptFrom, 0), this.#kept.length);
    this.#kept.splice(0, told);
    this.#keptFrom += told;
  }

  #tell(item: OutputItem): void {
    this.#told += 1;
    this.#sink.tell({ type: 'output', cellId: this.#cellId, item });
  }

  #end(end: PromptEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#order.giveUp();
    this.#sink.tell({ type: 'end', cellId: this.#cellId, end: onlyEnd(end) });
    this.#order.end();
  }
}

function isEnd(event: LiveEvent): event is Extract<LiveEvent, PromptEnd> {
  return isLast(event);
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new CodeModeError('peer_failed', String(error));
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
