import { runCell } from '../../src/embed/run-cell.ts';
import type { CellEvent } from '../../src/events.ts';
import type { EventsOptions, LiveEvent, LiveEvents } from '../../src/live-events.ts';
import type {
  CellResult,
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  RunCellOptions,
  Session,
  StartedCell,
  WaitOptions,
} from '../../src/session.ts';

/** What a forwarded session does besides forwarding. */
export interface ForwardHooks {
  /** The request to forward instead of this one. */
  request?(request: ExecuteRequest): ExecuteRequest;
  /** A cell was started. */
  started?(cellId: string): void;
  /** An event is on its way to the caller. */
  answered?(event: CellEvent): void;
  /** Closes the session. */
  close(): Promise<void>;
}

/** Forwards everything to another session, which may still be opening: requests then wait for it. */
export class ForwardedSession implements Session {
  readonly #target: Session | Promise<Session>;
  readonly #hooks: ForwardHooks;

  constructor(target: Session | Promise<Session>, hooks: ForwardHooks) {
    this.#target = target;
    this.#hooks = hooks;
  }

  async execute(request: ExecuteRequest, options?: WaitOptions): Promise<StartedCell> {
    const forwarded = this.#hooks.request?.(request) ?? request;
    const { cellId, first } = await this.#forward((session) => session.execute(forwarded, options));
    this.#hooks.started?.(cellId);
    const answered = this.#answered(first);
    // The caller may ignore it.
    answered.catch(() => {});
    return { cellId, first: answered };
  }

  run(source: string, options?: RunCellOptions): Promise<CellResult> {
    return runCell(this, source, options);
  }

  observe(cellId: string, mode?: ObserveMode, options?: WaitOptions): Promise<CellEvent> {
    return this.#answered(this.#forward((session) => session.observe(cellId, mode, options)));
  }

  resume(cellId: string, generation: number): ReturnType<Session['resume']> {
    return this.#forward((session) => session.resume(cellId, generation));
  }

  terminate(cellId: string): Promise<CellEvent> {
    return this.#answered(this.#forward((session) => session.terminate(cellId)));
  }

  events(cellId: string, options?: EventsOptions): LiveEvents {
    const target = this.#target;
    return target instanceof Promise
      ? new ForwardedEvents(target.then((session) => session.events(cellId, options)))
      : target.events(cellId, options);
  }

  cells(): Promise<readonly CellSummary[]> {
    return this.#forward((session) => session.cells());
  }

  values(): Promise<ReadonlyMap<string, unknown>> {
    return this.#forward((session) => session.values());
  }

  close(): Promise<void> {
    return this.#hooks.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #forward<T>(use: (session: Session) => Promise<T>): Promise<T> {
    return this.#target instanceof Promise ? this.#target.then(use) : use(this.#target);
  }

  #answered(event: Promise<CellEvent>): Promise<CellEvent> {
    const { answered } = this.#hooks;
    if (answered === undefined) return event;
    return event.then((one) => {
      answered(one);
      return one;
    });
  }
}

/** Events of a session that is being opened. */
class ForwardedEvents implements LiveEvents {
  readonly #opening: Promise<LiveEvents>;
  #events: LiveEvents | null = null;

  constructor(opening: Promise<LiveEvents>) {
    this.#opening = opening.then((events) => {
      this.#events = events;
      return events;
    });
    this.#opening.catch(() => {});
  }

  async next(): Promise<IteratorResult<LiveEvent, undefined>> {
    return (await this.#opening).next();
  }

  take(): LiveEvent | undefined {
    return this.#events?.take();
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    const events = await this.#opening.catch(() => null);
    return (await events?.return()) ?? { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
