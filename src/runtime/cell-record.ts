import type { Line, Lines } from '../collections/line.ts';
import type { OutputItem } from '../events.ts';
import { bytesOfEvent, type CellEnd, type CellPhase, type LiveEvent } from '../live-events.ts';
import type { EventSource } from './event-reader.ts';
import type { KeepAlive } from './keep-alive.ts';

/** How many events a record keeps before its first reader. */
const UNREAD_EVENTS = 128;
/** How many events, and how many bytes, a record keeps for its readers. */
const MAX_EVENTS = 8_192;
const MAX_BYTES = 4 << 20;
/** How many bytes all records of a session keep together. */
const MAX_SESSION_BYTES = 8 << 20;

/** Measures the events of records. */
export const EVENT_MEASURE = {
  bytesOf: bytesOfEvent,
  orderOf: ({ atMs }: LiveEvent) => atMs,
};

/** What a record is made of. */
export interface CellRecordParts {
  /** The lines of the session, which share its budget. */
  readonly lines: Lines<LiveEvent>;
  /** Whether readers were announced beforehand. */
  readonly keeps: boolean;
  /** Counts the readers. */
  readonly keepAlive: Pick<KeepAlive, 'hold' | 'drop'>;
  /** Called in place with each event, before any reader gets it. It must not throw. */
  readonly journal: ((event: LiveEvent) => void) | undefined;
}

/**
 * The events of a cell: numbered from 1, time-stamped and bounded; the oldest are dropped first. Any
 * number of readers read it, each at its own position.
 */
export class CellRecord implements EventSource {
  readonly #lines: Lines<LiveEvent>;
  readonly #line: Line<LiveEvent>;
  readonly #journal: ((event: LiveEvent) => void) | undefined;
  readonly #keepAlive: CellRecordParts['keepAlive'];
  readonly #watchers = new Set<() => void>();
  #end: LiveEvent | null = null;
  #isWanted: boolean;

  constructor({ lines, keeps, keepAlive, journal }: CellRecordParts) {
    this.#lines = lines;
    this.#line = lines.open();
    this.#journal = journal;
    this.#keepAlive = keepAlive;
    this.#isWanted = keeps;
  }

  /** Whether it has had readers, or readers were announced. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  output(item: OutputItem): void {
    this.#append({ seq: this.#line.next, atMs: Date.now(), type: 'output', item });
  }

  toolStarted(callId: string, tool: string): void {
    this.#append({ seq: this.#line.next, atMs: Date.now(), type: 'tool-started', callId, tool });
  }

  toolEnded(callId: string, ok: boolean): void {
    this.#append({ seq: this.#line.next, atMs: Date.now(), type: 'tool-ended', callId, ok });
  }

  notified(text: string): void {
    this.#append({ seq: this.#line.next, atMs: Date.now(), type: 'notified', text });
  }

  phase(phase: Exclude<CellPhase, 'completed'>): void {
    this.#append({ seq: this.#line.next, atMs: Date.now(), type: 'phase', phase });
  }

  /** Records how the cell ended: the last event, which is never dropped. */
  end(end: CellEnd): void {
    if (this.#end !== null) return;
    this.#end = { seq: this.#line.next, atMs: Date.now(), ...end };
    this.#journal?.(this.#end);
    this.#wake();
  }

  /** The cell is gone. Its events remain readable, but no longer count towards the session's budget. */
  leave(): void {
    this.#line.leave();
  }

  after(seq: number): LiveEvent | undefined {
    const { first } = this.#line;
    const event = this.#line.at(seq + 1);
    if (event !== undefined) return event;
    if (seq + 1 < first) {
      const atMs = (this.#line.peek() ?? this.#end)?.atMs ?? Date.now();
      return { seq: first - 1, atMs, type: 'gap', missed: first - seq - 1 };
    }
    return this.#end ?? undefined;
  }

  watch(wake: () => void): () => void {
    this.#isWanted = true;
    this.#watchers.add(wake);
    this.#keepAlive.hold();
    return () => {
      if (this.#watchers.delete(wake)) this.#keepAlive.drop();
    };
  }

  /** Waiting readers take the event before room is made, so that even a large one reaches them. */
  #append(event: LiveEvent): void {
    if (this.#end !== null) return;
    const line = this.#line;
    line.push(event);
    this.#journal?.(event);
    if (this.#watchers.size > 0) this.#wake();
    const maxEvents = this.#isWanted ? MAX_EVENTS : UNREAD_EVENTS;
    while (line.size > maxEvents || line.bytes > MAX_BYTES) line.shift();
    while (this.#lines.bytes > MAX_SESSION_BYTES) this.#lines.oldest()?.shift();
  }

  #wake(): void {
    for (const wake of [...this.#watchers]) wake();
  }
}
