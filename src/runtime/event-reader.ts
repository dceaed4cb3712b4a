import { isLast, type LiveEvent, type LiveEvents } from '../live-events.ts';
import { checkWaitOptions } from './check-arguments.ts';

/** Where a reader gets a cell's events. */
export interface EventSource {
  /**
   * Takes the one seat there is.
   *
   * @param wake Called in place when `take` may have something, or throws. Must not throw.
   * @throws `cell_busy`.
   */
  attach(wake: () => void): void;
  /** The next event; undefined where it has to be waited for. @throws Why none can come any more. */
  take(): LiveEvent | undefined;
  /** Leaves the seat. What was not taken is the next reader's. */
  detach(): void;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<LiveEvent, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Reads a cell's events for one consumer. See `LiveEvents`. */
export class EventReader implements LiveEvents {
  readonly #find: () => EventSource;
  readonly #options: { readonly signal?: AbortSignal };
  #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.#fail(this.#signal?.reason);
  #waiting: Waiting[] = [];
  #source: EventSource | null = null;
  #isReading = false;
  #isOver = false;
  /** What the next `next` fails with. */
  #failure: { readonly reason: unknown } | null = null;

  /**
   * @param find Asked once, when the first event is wanted. What it throws rejects that `next`.
   * @param options Checked when the first event is wanted, too.
   */
  constructor(find: () => EventSource, options: { readonly signal?: AbortSignal } = {}) {
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

  /** Gives those who wait what there is. */
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
      const event = (this.#source ?? this.#subscribe()).take();
      if (event !== undefined && isLast(event)) this.#leave();
      return event;
    } catch (error) {
      this.#fail(error);
      return undefined;
    } finally {
      this.#isReading = false;
    }
  }

  #subscribe(): EventSource {
    checkWaitOptions('Cannot follow a cell', this.#options);
    this.#signal = this.#options.signal;
    this.#signal?.throwIfAborted();
    const source = this.#find();
    source.attach(() => this.#serve());
    this.#source = source;
    this.#signal?.addEventListener('abort', this.#onAbort);
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
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#source?.detach();
    this.#source = null;
  }
}
