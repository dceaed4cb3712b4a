import type { CellEvent } from '../../src/events.ts';
import type { EventsOptions, LiveEvents } from '../../src/live-events.ts';
import type {
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  Session,
  StartedCell,
  WaitOptions,
} from '../../src/session.ts';
import type { SessionTools } from './session-tools.ts';

/** What the creation of a session was answered with. */
export interface SessionResponse {
  readonly sessionId: string;
  /** Where it can be looked at; undefined where nobody said. */
  readonly remoteUrl: string | undefined;
}

/** A session that adds tools of its own to those that a request names, before them. */
export class ProxiedSession implements Session {
  readonly sessionId: string;
  /** Where it can be looked at; undefined where nobody said. */
  readonly remoteUrl: string | undefined;
  readonly #session: Session;
  readonly #tools: SessionTools;
  readonly #close: () => Promise<void>;

  /** @param close Closes it, and what lives as long as it. */
  constructor(
    session: Session,
    tools: SessionTools,
    { sessionId, remoteUrl }: SessionResponse,
    close: () => Promise<void>,
  ) {
    this.#session = session;
    this.#tools = tools;
    this.sessionId = sessionId;
    this.remoteUrl = remoteUrl;
    this.#close = close;
  }

  execute(request: ExecuteRequest, options?: WaitOptions): Promise<StartedCell> {
    if (request.tools === undefined) return this.#session.execute(request, options);
    const tools = [...this.#tools.definitions, ...request.tools];
    return this.#session.execute({ ...request, tools }, options);
  }

  observe(cellId: string, mode?: ObserveMode, options?: WaitOptions): Promise<CellEvent> {
    return this.#session.observe(cellId, mode, options);
  }

  resume(cellId: string, generation: number): Promise<'resumed' | 'already-running' | 'missing'> {
    return this.#session.resume(cellId, generation);
  }

  terminate(cellId: string): Promise<CellEvent> {
    return this.#session.terminate(cellId);
  }

  events(cellId: string, options?: EventsOptions): LiveEvents {
    return this.#session.events(cellId, options);
  }

  cells(): Promise<readonly CellSummary[]> {
    return this.#session.cells();
  }

  values(): Promise<ReadonlyMap<string, unknown>> {
    return this.#session.values();
  }

  close(): Promise<void> {
    return this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
