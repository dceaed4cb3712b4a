import { randomUUID } from 'node:crypto';
import { CodeModeError } from '../../src/errors.ts';
import { withDefaults } from '../../src/limits.ts';
import type { RouterStats } from '../../src/routing/router-types.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import { startTimer } from '../../src/waiting/timer.ts';
import type { Transport } from '../wire/transport.ts';
import { ClientConnection } from './client-connection.ts';
import { closeWithin } from './close-within.ts';
import {
  type OpenHooks,
  openRemoteSession,
  type RemoteSessionOptions,
} from './open-remote-session.ts';
import type { RemoteSession } from './remote-session.ts';

/** What a session is opened with whose id this side chooses. */
export interface OpenSessionOptions extends RemoteSessionOptions {
  /** Not blank, and not used on this connection before. Default: one nobody has had. */
  readonly sessionId?: string;
}

/** What a session is created with whose id the host chooses. */
export interface CreateSessionOptions extends RemoteSessionOptions {
  /** The host chooses it: giving one is an error. */
  readonly sessionId?: never;
  /** The host chooses where the session runs: giving one is an error. */
  readonly provider?: never;
}

export interface StopOptions {
  /** How long everything together may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
}

const STOP_MS = 5_000;
/** How many sessions that may live on at the host are remembered. */
const MAX_LEAKS = 1_024;

/** How a host is greeted. */
export interface GreetOptions {
  /** How long the host may take to answer, in milliseconds. Default 10,000. */
  readonly helloMs?: number;
  /**
   * How late the host may be with an answer, in milliseconds, on top of what the request takes by
   * itself: the time a caller waits for a cell, 100 ms to end one. The time a message of 64 MiB needs
   * to get here counts. After that the connection fails with `connection_lost`. Default 10,000.
   */
  readonly answerWithinMs?: number;
  /** Gives up. Once connected it means nothing. */
  readonly signal?: AbortSignal;
  /** What the sessions of this connection have as theirs. Default 1. */
  readonly generation?: number;
}

/** A connection to a host, on which any number of sessions run. */
export class HostClient implements AsyncDisposable {
  readonly #connection: ClientConnection;
  readonly #sessions = new Set<RemoteSession>();
  readonly #leaks: Error[] = [];
  #stopping: Promise<readonly Error[]> | null = null;
  readonly #hooks: OpenHooks = {
    onClosed: (session) => void this.#sessions.delete(session),
    onLeak: (id, error) => {
      if (this.#leaks.length < MAX_LEAKS) this.#leaks.push(leak(id, error));
    },
  };

  private constructor(connection: ClientConnection) {
    this.#connection = connection;
  }

  /**
   * Greets the host at the other end of a transport.
   *
   * @throws `handshake_failed`, `connection_lost`; the signal's reason; `invalid_argument`.
   */
  static async connect(transport: Transport, options: GreetOptions = {}): Promise<HostClient> {
    const { helloMs, signal, answerWithinMs } = options;
    withDefaults({ answerWithinMs: 0 }, { answerWithinMs });
    const connection = new ClientConnection(transport, options);
    const giveUp = () => transport.destroy();
    const unlink = onAbort(signal, giveUp);
    if (signal?.aborted) giveUp();
    try {
      return new HostClient(await connection.greet(helloMs));
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    } finally {
      unlink();
    }
  }

  /** Whether the host has a capability. */
  has(capability: string): boolean {
    return this.#connection.has(capability);
  }

  /** Which connection to its host this is, from 1. */
  get generation(): number {
    return this.#connection.generation;
  }

  /** Why the connection is over; null while it lives. */
  get failure(): Error | null {
    return this.#connection.failure;
  }

  /** What became of what the host said about sessions. */
  get routing(): RouterStats {
    return this.#connection.router.stats;
  }

  /**
   * What the host has asked and has no answer to, and the calls that the delegates of open sessions
   * are at work on. Calls that were abandoned when their cell was closed do not count.
   */
  get counts(): { readonly unanswered: number; readonly running: number } {
    let running = 0;
    for (const session of this.#sessions) running += session.running;
    return { unanswered: this.#connection.unanswered, running };
  }

  /** Resolves with the reason when the connection is over. */
  get ended(): Promise<Error> {
    return this.#connection.ended;
  }

  /**
   * Opens a session whose id is chosen here.
   *
   * @throws `unsupported` for options that a host of version 1 alone does not have; `connection_lost`;
   * `limit_exceeded`; `invalid_argument` for options of the wrong shape, before anything is sent, and for an id that is in use;
   * `peer_failed` where the host's answer makes no sense; the signal's reason.
   */
  async openSession(options: OpenSessionOptions): Promise<RemoteSession> {
    return this.#open(options, options?.sessionId ?? randomUUID());
  }

  /**
   * Opens a session whose id the host chooses. What the host says about it before its answer is
   * kept and in order; what it asks is answered at once, where it can be told whose it is.
   *
   * @throws As `openSession`; `invalid_argument` for an id or a provider, before anything is sent;
   * `unsupported` where the host does not have `cellhost.sessions`.
   */
  async createSession(options: CreateSessionOptions): Promise<RemoteSession> {
    for (const name of ['sessionId', 'provider'] as const) {
      if (options?.[name] !== undefined) throw notYours(name);
    }
    return this.#open(options, null);
  }

  /** Closes every session, then the connection; as `stop`, without telling what went wrong. */
  async close(): Promise<void> {
    await this.stop();
  }

  /**
   * Closes all sessions at once, then the connection, under one deadline. What is not closed by
   * then is cut off: whoever waits for it is told. Nothing keeps the process alive afterwards.
   *
   * @returns What went wrong, and what may live on at the host. Never rejects. Safe to call twice.
   */
  stop({ deadlineMs = STOP_MS }: StopOptions = {}): Promise<readonly Error[]> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #stop(deadlineMs: number): Promise<readonly Error[]> {
    const { promise: deadline, resolve } = Promise.withResolvers<'late'>();
    const timer = startTimer(() => resolve('late'), deadlineMs);
    const sessions = [...this.#sessions].map((session) => ({
      name: `session ${session.id}`,
      close: () => session.close(),
    }));
    const connection = { name: 'the connection', close: () => this.#connection.close() };
    const errors = [...(await closeWithin(sessions, deadline, deadlineMs))];
    errors.push(...(await closeWithin([connection], deadline, deadlineMs)));
    clearTimeout(timer);
    this.#connection.destroy(new CodeModeError('connection_lost', 'the client was stopped'));
    await this.#connection.ended;
    return [...this.#leaks.splice(0), ...errors];
  }

  async #open(options: RemoteSessionOptions, sessionId: string | null): Promise<RemoteSession> {
    const session = await openRemoteSession(this.#connection, options, sessionId, this.#hooks);
    this.#sessions.add(session);
    return session;
  }
}

/** Where a session may live on at the host. */
function leak(id: string | undefined, cause: unknown): CodeModeError {
  const text = `Cannot end ${id === undefined ? 'a session whose id is not known' : `session ${id}`}`;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CodeModeError('peer_failed', `${text} at the host: ${why}`, { cause });
}

function notYours(name: string): CodeModeError {
  const text = `Cannot create a session: the host chooses its id and where it runs, so ${name} cannot be given`;
  return new CodeModeError('invalid_argument', text);
}
