import { randomUUID } from 'node:crypto';
import { CodeModeError } from '../../src/errors.ts';
import type { Transport } from '../transport.ts';
import { ClientConnection } from './client-connection.ts';
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

/** A connection to a host, on which any number of sessions run. */
export class HostClient implements AsyncDisposable {
  readonly #connection: ClientConnection;
  readonly #sessions = new Set<RemoteSession>();
  readonly #hooks: OpenHooks = {
    onClosed: (session) => void this.#sessions.delete(session),
    onLeak: () => {},
  };

  private constructor(connection: ClientConnection) {
    this.#connection = connection;
  }

  /**
   * Greets the host at the other end of a transport.
   *
   * @throws `handshake_failed`, `connection_lost`.
   */
  static async connect(
    transport: Transport,
    options: { helloMs?: number } = {},
  ): Promise<HostClient> {
    return new HostClient(await new ClientConnection(transport).greet(options.helloMs));
  }

  /** Whether the host has a capability. */
  has(capability: string): boolean {
    return this.#connection.has(capability);
  }

  /** Resolves with the reason when the connection is over. */
  get ended(): Promise<Error> {
    return this.#connection.ended;
  }

  /**
   * Opens a session whose id is chosen here.
   *
   * @throws `unsupported` for options that a host of version 1 alone does not have; `connection_lost`;
   * `limit_exceeded`; `invalid_argument` for limits that are none, and for an id that is in use;
   * `peer_failed` where the host's answer makes no sense; the signal's reason.
   */
  openSession(options: OpenSessionOptions): Promise<RemoteSession> {
    return this.#open(options, options.sessionId ?? randomUUID());
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
      if (options[name] !== undefined) throw notYours(name);
    }
    return this.#open(options, null);
  }

  /** Closes every session, then the connection. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#sessions].map((session) => session.close()));
    await this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(options: RemoteSessionOptions, sessionId: string | null): Promise<RemoteSession> {
    const session = await openRemoteSession(this.#connection, options, sessionId, this.#hooks);
    this.#sessions.add(session);
    return session;
  }
}

function notYours(name: string): CodeModeError {
  const text = `Cannot create a session: the host chooses its id and where it runs, so ${name} cannot be given`;
  return new CodeModeError('invalid_argument', text);
}
