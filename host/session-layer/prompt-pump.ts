import { CodeModeError } from '../../src/errors.ts';
import type { CellEvent, OutputItem } from '../../src/events.ts';
import { isLast, type LiveEvent, type LiveEvents } from '../../src/live-events.ts';
import type { Session, StartedCell } from '../../src/session.ts';
import type { PromptOrder } from './prompt-order.ts';
import type { FeedEvent, PromptEnd } from './session-updates.ts';

/** Takes the updates of a prompt. */
export interface PromptSink {
  tell(update: FeedEvent): void;
  readonly isFull: boolean;
  /** What to wait for before sending more; undefined if there is room. */
  room(): Promise<void> | undefined;
}

/** How often a cell without live events is observed, in milliseconds. */
const OBSERVE_MS = 1_000;
const LIVE_OBSERVE_MS = 60_000;
/** How many items are taken from the session before the reader has room for them. */
const MAX_KEPT = 4_096;

/** How the cell of a prompt is first observed. */
export const FIRST_OBSERVE = { yieldAfterMs: OBSERVE_MS } as const;

/**
 * Sends the output and the end of a prompt to a sink. Its live events report both as they happen.
 * Observing reports both later, but loses nothing. So events are used until one is missing.
 */
export class PromptPump {
  readonly #session: Session;
  readonly #cellId: string;
  readonly #order: PromptOrder;
  readonly #sink: PromptSink;
  readonly #events: LiveEvents;
  /** Which of the two is used; null until that is known. */
  #teller: 'events' | 'observing' | null = null;
  /** How many items were sent. */
  #told = 0;
  /** Output that was observed and may not have been sent: all items from `#keptFrom` on. */
  #kept: OutputItem[] = [];
  #keptFrom = 0;
  /** The end that observing reported. */
  #final: PromptEnd | null = null;
  #isFlushing = false;
  #isOver = false;

  /** @param order The program's calls and notifications, which go between its output. */
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
    // A program that waits for an answer must not depend on a reader that does not read.
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

  /** There are no events, or one is missing: observing reports the rest. */
  #chooseObserving(): void {
    this.#teller = 'observing';
    this.#order.giveUp();
    void this.#events.return();
    void this.#flush();
  }

  /** Always takes the output from the session, so that the cell can continue. */
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

  /** Leaves output that is not read to the session, whose limits then apply. */
  async #roomToKeep(): Promise<void> {
    if (this.#teller === 'observing') await this.#flush();
    else this.#trim();
    while (this.#kept.length > MAX_KEPT && this.#sink.isFull) await this.#sink.room();
  }

  /** Sends the output that was observed and not sent, then the end if it is known. Runs once at a time. */
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

  /** Drops the output that was sent. */
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

/** The end without the other fields of its event. */
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
