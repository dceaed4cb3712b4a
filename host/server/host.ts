import { CodeModeError } from '../../src/errors.ts';
import { withDefaults } from '../../src/limits.ts';
import type { Sandbox } from '../../src/sandbox.ts';
import { Connection } from '../wire/connection.ts';
import type { Transport } from '../wire/transport.ts';
import type { OpenSession } from './deferred-session.ts';
import { type Greeted, greet } from './greeting.ts';
import { HostConnection } from './host-connection.ts';
import { DEFAULT_HOST_LIMITS, type HostLimits } from './host-limits.ts';
import type { HostLog } from './host-log.ts';
import { SessionFactory } from './session-factory.ts';

/** What a host is made of: one of `sandbox` and `open`, and what may be. */
export interface HostOptions {
  /** Where the programs of all sessions run. Not closed with the host. */
  readonly sandbox?: Sandbox;
  /** Opens each session elsewhere, as a proxy does that stands between a client and another host. */
  readonly open?: OpenSession;
  readonly limits?: Partial<HostLimits>;
  readonly log?: HostLog;
}

const SILENT: HostLog = { info() {}, warn() {} };

/** Serves the sessions of any number of clients. */
export class Host implements AsyncDisposable {
  readonly #limits: HostLimits;
  readonly #sessions: SessionFactory;
  readonly #log: HostLog;
  readonly #connections = new Set<Connection | HostConnection>();
  #connectionCount = 0;
  #closing: Promise<void> | null = null;

  /** @throws `invalid_argument` for a limit that does not exist or is not a number; without a place for sessions. */
  constructor({ sandbox, open, limits, log = SILENT }: HostOptions) {
    this.#limits = withDefaults(DEFAULT_HOST_LIMITS, limits);
    const where = sandbox ?? open;
    if (where === undefined || (sandbox !== undefined && open !== undefined)) {
      throw new CodeModeError('invalid_argument', 'A host takes one of sandbox and open');
    }
    this.#sessions = new SessionFactory(where, this.#limits, log);
    this.#log = log;
  }

  /** Connections and sessions there are now. */
  get counts(): { readonly connections: number; readonly sessions: number } {
    return { connections: this.#connections.size, sessions: this.#sessions.count };
  }

  /**
   * Serves a client until it goes, or the host is closed.
   *
   * @returns How it ended, when its sessions are over: null where it was between two messages.
   */
  serve(transport: Transport): Promise<Error | null> {
    const connection = new Connection(transport);
    return this.serveGreeted(connection, greet(connection, this.#limits.helloMs));
  }

  /** As `serve`, for a connection that is greeted elsewhere, or already. */
  async serveGreeted(connection: Connection, greeted: Promise<Greeted>): Promise<Error | null> {
    this.#connectionCount += 1;
    const number = this.#connectionCount;
    const { peer } = connection;
    const { maxConnections } = this.#limits;
    if (this.#closing !== null || this.#connections.size >= maxConnections) {
      const error = new Error(`The host has ${maxConnections} connections (maxConnections)`);
      this.#log.warn({ connection: number, peer }, 'connection refused');
      connection.fail(error);
      return error;
    }
    this.#log.info({ connection: number, peer }, 'client connected');
    this.#connections.add(connection);
    const greeting = await greeted;
    const error =
      greeting.type === 'ended'
        ? greeting.error
        : await this.#serveReady(number, connection, greeting.capabilities);
    this.#connections.delete(connection);
    if (error === null) this.#log.info({ connection: number }, 'client gone');
    else this.#log.warn({ connection: number, error: error.message }, 'connection failed');
    return error;
  }

  #serveReady(
    number: number,
    connection: Connection,
    capabilities: ReadonlySet<string>,
  ): Promise<Error | null> {
    return new Promise((resolve) => {
      this.#connections.delete(connection);
      const served = new HostConnection({
        number,
        connection,
        capabilities,
        limits: this.#limits,
        sessions: this.#sessions,
        onEnded: (error) => {
          this.#connections.delete(served);
          resolve(error);
        },
      });
      this.#connections.add(served);
    });
  }

  /**
   * Takes no connection any more, terminates every cell, answers everybody and closes the
   * connections: all of them under the one deadline of cancelled callbacks.
   */
  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#connections].map((each) => each.close())).then(
      () => {},
    );
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
