import { CodeModeError } from '../../src/errors.ts';
import { withDefaults } from '../../src/limits.ts';
import type { RouterStats } from '../../src/routing/router-types.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import { startTimer } from '../../src/waiting/timer.ts';
import { ClientConnection } from '../json-client/client-connection.ts';
import type { HostLink, WantedSession } from '../remote/host-link.ts';
import {
  type OpenHooks,
  openRemoteSession,
  type RemoteSessionOptions,
} from '../remote/open-remote-session.ts';
import type { RemoteSession } from '../remote/remote-session.ts';
import type { Transport } from '../wire/transport.ts';
import { closeWithin } from './close-within.ts';

/** Options of a session whose id this side chooses. */
export interface OpenRemoteSessionOptions extends RemoteSessionOptions {
  /** Not blank, and not used on this connection before. Default: a new one. Over gRPC, hosts choose it. */
  readonly sessionId?: string;
}

/** Options of a session whose id the host chooses. */
export interface CreateSessionOptions extends RemoteSessionOptions {
  /** Not allowed: the host chooses it. */
  readonly sessionId?: never;
  /** Not allowed: the host decides where the session runs. */
  readonly sandbox?: never;
}

export interface StopOptions {
  /** How long closing everything may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
}

const STOP_MS = 5_000;
/** How many sessions that may still exist at the host are remembered. */
const MAX_LEAKS = 1_024;

/** Options of a connection to a host. */
export interface GreetOptions {
  /** How long the host may take to answer, in milliseconds. Default 10,000. */
  readonly helloMs?: number;
  /**
   * How late an answer of the host may be, in milliseconds, beyond the time that the request takes by
   * itself: the wait of a caller for a cell, or 100 ms to end one. Transfer counts, even of a 64 MiB
   * message. After that the connection fails with `connection_lost`. Default 10,000.
   */
  readonly answerWithinMs?: number;
  /** Aborts connecting. It has no effect on an open connection. */
  readonly signal?: AbortSignal;
  /** The number that sessions of this connection report as their `generation`. Default 1. */
  readonly generation?: number;
}

/** A connection to a host, for any number of sessions. */
export class HostClient implements AsyncDisposable {
  readonly #connection: HostLink;
  readonly #sessions = new Set<RemoteSession>();
  readonly #leaks: Error[] = [];
  #stopping: Promise<readonly Error[]> | null = null;
  readonly #hooks: OpenHooks = {
    onClosed: (session) => void this.#sessions.delete(session),
    onLeak: (id, error) => {
      if (this.#leaks.length < MAX_LEAKS) this.#leaks.push(leak(id, error));
    },
  };

  private constructor(connection: HostLink) {
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

  /** @internal */
  static over(link: HostLink): HostClient {
    return new HostClient(link);
  }

  /** Whether the host has a capability; over gRPC, none has a name. */
  has(capability: string): boolean {
    return this.#connection.has(capability);
  }

  /** The number of this connection at its client, from 1. */
  get generation(): number {
    return this.#connection.generation;
  }

  /** Why the connection ended; null while it is open. */
  get failure(): Error | null {
    return this.#connection.failure;
  }

  /** Statistics of the host's messages about sessions. */
  get routing(): RouterStats {
    return this.#connection.router.stats;
  }

  /**
   * The unanswered requests of the host, and the calls that are running at the delegates of open
   * sessions. Calls that were abandoned when their cell was closed do not count.
   */
  get counts(): { readonly unanswered: number; readonly running: number } {
    let running = 0;
    for (const session of this.#sessions) running += session.running;
    return { unanswered: this.#connection.unanswered, running };
  }

  /** Resolves with the reason when the connection ends. */
  get ended(): Promise<Error> {
    return this.#connection.ended;
  }

  /**
   * Opens a session whose id this side chooses.
   *
   * @throws `unsupported` for options that a host with only version 1 or gRPC lacks; `connection_lost`;
   * `limit_exceeded`; `invalid_argument` for invalid options, before anything is sent, and for an id
   * that is in use; `peer_failed` if the host's answer is malformed; the signal's reason.
   */
  async openSession(options: OpenRemoteSessionOptions): Promise<RemoteSession> {
    return this.#open(options, { idBy: 'client', id: options?.sessionId ?? undefined });
  }

  /**
   * Opens a session whose id the host chooses. Messages about it that arrive before the answer are kept
   * in order. Its requests are answered at once if it is certain which session they belong to.
   *
   * @throws Like `openSession`; `invalid_argument` for an id or a sandbox, before anything is sent;
   * `unsupported` if the host speaks JSON and lacks `cellhost.sessions`.
   */
  async createSession(options: CreateSessionOptions): Promise<RemoteSession> {
    for (const name of ['sessionId', 'sandbox'] as const) {
      if (options?.[name] !== undefined) throw notYours(name);
    }
    return this.#open(options, { idBy: 'host', id: undefined });
  }

  /** Closes every session, then the connection. Like `stop`, but does not report failures. */
  async close(): Promise<void> {
    await this.stop();
  }

  /**
   * Closes all sessions at once, then the connection, under one deadline. Then it cuts off the rest,
   * and pending calls reject. Nothing keeps the process alive afterwards.
   *
   * @returns What failed, and what may still exist at the host. Never rejects. Safe to call twice.
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

  async #open(
    options: RemoteSessionOptions,
    id: Pick<WantedSession, 'idBy' | 'id'>,
  ): Promise<RemoteSession> {
    const session = await openRemoteSession(this.#connection, options, id, this.#hooks);
    this.#sessions.add(session);
    return session;
  }
}

/** The error for a session that may still exist at the host. */
function leak(id: string | undefined, cause: unknown): CodeModeError {
  const text = `Cannot end ${id === undefined ? 'a session whose id is not known' : `session ${id}`}`;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CodeModeError('peer_failed', `${text} at the host: ${why}`, { cause });
}

function notYours(name: string): CodeModeError {
  const text = `Cannot create a session: the host chooses its id and where it runs, so ${name} cannot be given`;
  return new CodeModeError('invalid_argument', text);
}
