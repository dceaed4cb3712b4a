import { execute } from 'abort-controller-x';
import { Fifo } from '../../src/collections/fifo.ts';
import { CodeModeError } from '../../src/errors.ts';
import { textOfItem } from '../../src/events.ts';
import { type FeedDelivery, type FeedSink, isGivenUp, toUpdate } from './session-feed.ts';
import type { SessionUpdate } from './session-updates.ts';

/** Most updates that wait for a reader, and most bytes of them. */
export const MAX_UNREAD = 4_096;
export const MAX_UNREAD_BYTES = 16 << 20;

interface Waiting {
  readonly resolve: (update: SessionUpdate) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Keeps a session's updates until they are read, each once, in order.
 *
 * A notification counts as delivered when it arrives here. While 4,096 updates or 16 MiB wait, new
 * updates are dropped and reported as a gap, and calls are refused.
 */
export class UpdateReader {
  readonly sink: FeedSink = (delivery) => this.#take(delivery);
  readonly #unread = new Fifo<FeedDelivery>();
  #bytes = 0;
  #missed = 0;
  #end: Error | null = null;
  #waiting: Waiting[] = [];
  #listeners = new Set<(update: SessionUpdate) => void>();
  #room: (() => void)[] = [];
  #listenerFailures = 0;

  /** How often a listener threw. */
  get listenerFailures(): number {
    return this.#listenerFailures;
  }

  /** Whether updates that can wait should wait. */
  get isFull(): boolean {
    return this.#isFull && this.#end === null;
  }

  /** What to wait for before sending updates that can wait; undefined if there is room. */
  room(): Promise<void> | undefined {
    if (!this.isFull) return undefined;
    return new Promise((resolve) => this.#room.push(resolve));
  }

  /** Calls `listener` with every update when it arrives, whether or not it is read. @returns Unsubscribes. */
  subscribe(listener: (update: SessionUpdate) => void): () => void {
    const added = (update: SessionUpdate) => listener(update);
    this.#listeners.add(added);
    return () => void this.#listeners.delete(added);
  }

  /**
   * The next update.
   *
   * @param signal Aborts the wait; no update is lost.
   * @throws The signal's reason; the error of `end`, once everything was read.
   */
  read(signal: AbortSignal): Promise<SessionUpdate> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const update = this.#shift();
    if (update !== undefined) return Promise.resolve(update);
    if (this.#end !== null) return Promise.reject(this.#end);
    return execute(signal, (resolve, reject) => {
      const waiting: Waiting = { resolve, reject };
      this.#waiting.push(waiting);
      return () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
      };
    });
  }

  /** Fails pending reads. Waiting updates can still be read. The first error is kept. */
  end(error: Error): void {
    if (this.#end !== null) return;
    this.#end = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#makeRoom();
  }

  /** Ends reading on behalf of a proxy. @returns The unread updates. */
  handOver(error: Error): readonly FeedDelivery[] {
    const unread = this.#unread.clear().filter((delivery) => !isGivenUp(delivery));
    const gap = { kind: 'gap', n: this.#missed, firstSeq: 0, lastSeq: 0 } as const;
    const rest = this.#missed === 0 ? unread : [...unread, gap];
    this.#bytes = 0;
    this.#missed = 0;
    this.end(error);
    return rest;
  }

  get #isFull(): boolean {
    return this.#unread.size >= MAX_UNREAD || this.#bytes >= MAX_UNREAD_BYTES;
  }

  #take(delivery: FeedDelivery): void {
    if (delivery.kind === 'request' && delivery.message.type === 'notification') {
      delivery.reply({ result: Promise.resolve() });
    }
    this.#tellListeners(delivery);
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting.resolve(toUpdate(delivery));
    if (this.#isFull) return this.#refuse(delivery);
    this.#keep(delivery);
  }

  /** An end is always kept: each prompt has only one, and its sender waits for it. */
  #refuse(delivery: FeedDelivery): void {
    if (delivery.kind === 'event' && delivery.message.type === 'end') {
      return this.#keep(delivery);
    }
    if (delivery.kind === 'request' && delivery.message.type === 'call') {
      const text = 'Cannot call a tool: too many updates of the session wait for a reader';
      delivery.reply({ result: Promise.reject(new CodeModeError('limit_exceeded', text)) });
    }
    this.#missed += 1;
  }

  #keep(delivery: FeedDelivery): void {
    if (this.#missed > 0) this.#keepGap();
    this.#unread.push(delivery);
    this.#bytes += bytesOf(delivery);
  }

  #keepGap(): void {
    this.#unread.push({ kind: 'gap', n: this.#missed, firstSeq: 0, lastSeq: 0 });
    this.#missed = 0;
  }

  #shift(): SessionUpdate | undefined {
    if (this.#unread.size === 0 && this.#missed > 0) this.#keepGap();
    const unread = this.#unread;
    for (let delivery = unread.shift(); delivery !== undefined; delivery = unread.shift()) {
      this.#bytes -= bytesOf(delivery);
      this.#makeRoom();
      if (!isGivenUp(delivery)) return toUpdate(delivery);
    }
    return undefined;
  }

  #makeRoom(): void {
    if (this.#room.length === 0) return;
    for (const resolve of this.#room.splice(0)) resolve();
  }

  #tellListeners(delivery: FeedDelivery): void {
    if (this.#listeners.size === 0) return;
    const update = toUpdate(delivery);
    for (const listener of [...this.#listeners]) {
      try {
        listener(update);
      } catch {
        this.#listenerFailures += 1;
      }
    }
  }
}

/** The approximate cost of keeping a delivery, in bytes; never too much. */
function bytesOf(delivery: FeedDelivery): number {
  if (delivery.kind === 'gap') return 0;
  const { message } = delivery;
  switch (message.type) {
    case 'output':
      return 2 * textOfItem(message.item).length;
    case 'notification':
      return 2 * message.notification.text.length;
    case 'call':
    case 'tool':
      return 2 * (message.call.inputJson?.length ?? 0);
    case 'closed':
    case 'end':
      return 0;
  }
}
