import { randomUUID } from 'node:crypto';
import type { Delegate } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { SessionLimits } from '../../src/limits.ts';
import type { ToolErrors } from '../../src/sandbox.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { Operation, SessionOptions } from '../protocol.ts';
import type { Transport } from '../transport.ts';
import { ClientConnection } from './client-connection.ts';
import { RemoteSession } from './remote-session.ts';

/** What a session in another process is opened with. */
export interface RemoteSessionOptions {
  /** Does what programs ask for, here. */
  readonly delegate: Delegate;
  /** The tools of cells whose request names none. */
  readonly tools?: readonly ToolDefinition[];
  /** Default: `error`; a host of version 1 alone always says `string`. */
  readonly toolErrors?: ToolErrors;
  readonly console?: boolean;
  /** Numbers that are not finite mean no limit and are left out. */
  readonly limits?: Partial<SessionLimits>;
}

/** A connection to a host, on which any number of sessions run. */
export class HostClient implements AsyncDisposable {
  readonly #connection: ClientConnection;
  readonly #sessions = new Set<RemoteSession>();

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
   * Opens a session.
   *
   * @throws `unsupported` for options that a host of version 1 alone does not have; `connection_lost`;
   * `limit_exceeded`; `invalid_argument` for limits that are none.
   */
  async openSession(options: RemoteSessionOptions): Promise<RemoteSession> {
    const id = randomUUID();
    const { delegate, tools = [] } = options;
    const operation = this.#openOperation(id, options);
    const session = new RemoteSession({ connection: this.#connection, id, delegate, tools });
    try {
      await this.#connection.request(operation).answer;
    } catch (error) {
      this.#connection.detach(id);
      throw error;
    }
    this.#sessions.add(session);
    return session;
  }

  /** Closes every session, then the connection. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#sessions].map((session) => session.close()));
    await this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #openOperation(sessionId: string, options: RemoteSessionOptions): Operation {
    const { toolErrors, console, limits } = options;
    if (this.has('cellhost.sessions')) {
      const own: SessionOptions = {
        toolErrors: toolErrors ?? 'error',
        console: console ?? false,
        limits: finite(limits ?? {}),
      };
      return { method: 'session/open', sessionId, options: own };
    }
    if (toolErrors === 'error' || console === true || Object.keys(limits ?? {}).length > 0) {
      throw new CodeModeError(
        'unsupported',
        'Cannot open a session: toolErrors, console and limits need a host with cellhost.sessions',
      );
    }
    return { method: 'session/open', sessionId };
  }
}

function finite(limits: Partial<SessionLimits>): Record<string, number> {
  const entries = Object.entries(limits).filter(([, value]) => value !== Number.POSITIVE_INFINITY);
  return Object.fromEntries(entries) as Record<string, number>;
}
