import { type EventsOptions, isLast, type LiveEvent, type LiveEvents } from '../live-events.ts';
import { onAbort } from '../waiting/on-abort.ts';
import { checkEvents } from './check-arguments.ts';

/** Supplies the events of a cell to any number of readers. */
export interface EventSource {
  /**
   * The first event whose number is greater; undefined if it has not happened yet.
   *
   * @throws Why no more events can come.
   */
  after(seq: number): LiveEvent | undefined;

  /**
   * Starts watching.
   *
   * @param wake Called in place when `after` may have something, or throws. Must not throw.
   * @returns Stops watching.
   */
  watch(wake: () => void): () => void;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<LiveEvent, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** One reader of a cell's events, at its own position. See `LiveEvents`. */
export class EventReader implements LiveEvents {
  readonly #find: () => EventSource;
  readonly #options: EventsOptions;
  /** Number of the event that was read last. */
  #seq = 0;
  #waiting: Waiting[] = [];
  #source: EventSource | null = null;
  #unwatch: () => void = () => {};
  #unlink: () => void = () => {};
  #isReading = false;
  #isOver = false;
  /** The reason with which the next call of `next` rejects. */
  #failure: { readonly reason: unknown } | null = null;

  /**
   * @param find Called once, by the first `next`, which rejects with what it throws.
   * @param options Also checked by the first `next`.
   */
  constructor(find: () => EventSource, options: EventsOptions = {}) {
    this.#find = find;
    this.#options = options;
  }

  next(): Promise<IteratorResult<LiveEvent, undefined>> {
    const { promise, resolve, reject } =
      Promise.withResolvers<IteratorResult<LiveEvent, undefined>>();
    this.#waiting.push({ resolve, reject });
    if (this.#failure !== null) this.#fail(this.#failure.reason);
    else if (this.#isOver) this.#finish();
    else this.#serve();
    return promise;
  }

  take(): LiveEvent | undefined {
    if (this.#isOver || this.#source === null || this.#waiting.length > 0) return undefined;
    return this.#read();
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.#finish();
    return Promise.resolve(OVER);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Gives the available events to waiting callers. */
  #serve(): void {
    while (this.#waiting.length > 0 && !this.#isReading) {
      const event = this.#read();
      if (event === undefined) return;
      this.#waiting.shift()?.resolve({ done: false, value: event });
      if (this.#isOver) this.#finish();
    }
  }

  /** Looking for more may bring it in place, which is then no news. */
  #read(): LiveEvent | undefined {
    this.#isReading = true;
    try {
      const event = (this.#source ?? this.#subscribe()).after(this.#seq);
      if (event === undefined) return undefined;
      this.#seq = event.seq;
      if (isLast(event)) this.#leave();
      return event;
    } catch (error) {
      this.#fail(error);
      return undefined;
    } finally {
      this.#isReading = false;
    }
  }

  #subscribe(): EventSource {
    checkEvents(this.#options);
    const { signal, after = 0 } = this.#options;
    this.#seq = after;
    signal?.throwIfAborted();
    const source = this.#find();
    this.#unwatch = source.watch(() => this.#serve());
    this.#source = source;
    this.#unlink = onAbort(signal, () => this.#fail(signal?.reason));
    return source;
  }

  #fail(reason: unknown): void {
    const first = this.#waiting.shift();
    this.#failure = first === undefined ? { reason } : null;
    first?.reject(reason);
    this.#finish();
  }

  #finish(): void {
    this.#leave();
    for (const { resolve } of this.#waiting.splice(0)) resolve(OVER);
  }

  #leave(): void {
    this.#isOver = true;
    this.#unlink();
    this.#unwatch();
    this.#source = null;
  }
}
