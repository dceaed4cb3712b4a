import type { CellEvent } from '../../src/events.ts';
import type { LiveEvent } from '../../src/live-events.ts';
import type { Creation } from '../../src/routing/claim-created.ts';
import type {
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  Session,
  SessionSettings,
} from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { SessionRouter, SessionTraffic } from './session-traffic.ts';

/** A connection to a host, over whatever wire, as sessions use it. */
export interface HostLink {
  /** The number of this connection at its client, from 1. */
  readonly generation: number;
  /** Why it ended; null while it is open. */
  readonly failure: Error | null;
  /** Resolves with the reason when the connection ends. */
  readonly ended: Promise<Error>;
  /** How many requests of the host are unanswered. */
  readonly unanswered: number;
  /** Routes what the host sends to sessions. */
  readonly router: SessionRouter;
  /** Whether the host has a capability. */
  has(capability: string): boolean;
  /** @throws `unsupported` if the host cannot open such a session. */
  opening(wanted: WantedSession): SessionOpening;
  close(): Promise<void>;
  /** Ends the connection at once, for this reason, unless it has already ended. */
  destroy(error: Error): void;
}

/** A session to be opened. */
export interface WantedSession {
  readonly settings: SessionSettings;
  /** Who chooses the id. */
  readonly idBy: 'client' | 'host';
  /** The id to open it under; undefined for any. */
  readonly id: string | undefined;
  /** The default tools of a cell. */
  readonly tools: readonly ToolDefinition[];
}

/** What a host says about a session that it has opened. */
export interface OpenedSession {
  readonly sessionId: string;
  readonly remoteUrl?: string | undefined;
}

/** How one session is opened over a wire. */
export interface SessionOpening
  extends Pick<
    Creation<SessionTraffic, OpenedSession>,
    'askedId' | 'send' | 'decode' | 'findId' | 'destroy'
  > {
  /** Identifies the first item about a session whose id the host chooses. */
  readonly token?: string | undefined;
  /** Whether the host has `cellhost.cells`. */
  readonly hasCellsCapability: boolean;
  /** Whether the host may start cells by itself. */
  readonly adopts: boolean;
  /** The link of the session that was opened. */
  link(opened: OpenedSession): SessionLink;
  /** Aborts with the reason when the session, whose id may not be known, is lost. */
  readonly lost: AbortSignal;
}

/** A wait for a cell. */
export interface CellWait {
  readonly mode: ObserveMode;
  /** Whether the caller has ended the wait before it began. */
  readonly isPreempted: boolean;
}

/** A request that was sent, and its answer. */
export interface Asked<T> {
  readonly answer: Promise<T>;
  /** The caller stopped waiting. The host answers `cancelled`, or with what came first. */
  cancel(): void;
  /** Ends the wait early. The answer has the output so far. */
  preempt(): void;
}

/** An execute that was sent. */
export interface AskedExecute {
  /** The id of the cell. */
  readonly started: Promise<string>;
  /** The first event. Call it when the cell has started. */
  first(): Promise<CellEvent>;
  /** Ends the first wait early. */
  preempt(): void;
}

/** One session over a wire: what `RemoteSession` asks of its host. */
export interface SessionLink {
  /** Why the session was lost; null while it is kept. */
  readonly failure: Error | null;
  /** What hosts with `cellhost.cells` have; null for other hosts. */
  readonly own: OwnRequests | null;
  /**
   * @param request Already checked, except its tools.
   * @param onStarted Called in place, before anything else about the cell is delivered. Does not throw.
   * @throws `invalid_argument`, before anything is sent.
   */
  execute(
    request: ExecuteRequest,
    wait: CellWait,
    onStarted: (cellId: string) => void,
  ): AskedExecute;
  wait(cellId: string, wait: CellWait): Asked<CellEvent>;
  terminate(cellId: string): Promise<CellEvent>;
  /** Closes the session at the host. */
  close(): Promise<void>;
}

/** The requests of `cellhost.cells`. Waits may be for a frontier as well. */
export interface OwnRequests {
  resume(cellId: string, generation: number): ReturnType<Session['resume']>;
  cells(): Promise<readonly CellSummary[]>;
  values(): Promise<ReadonlyMap<string, unknown>>;
  /**
   * Asks for the events of a cell after a number.
   *
   * @param onEvents Called in place, until the answer.
   */
  events(
    cellId: string,
    after: number,
    onEvents: (events: readonly LiveEvent[]) => void,
  ): Asked<unknown>;
}
