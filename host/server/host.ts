import { withDefaults } from '../../src/limits.ts';
import type { Sandbox } from '../../src/sandbox.ts';
import type { Transport } from '../transport.ts';
import { HostConnection } from './host-connection.ts';
import { DEFAULT_HOST_LIMITS, type HostLimits } from './host-limits.ts';
import { SessionFactory } from './session-factory.ts';

/** What a host is made of. */
export interface HostOptions {
  /** Where the programs of all sessions run. Not closed with the host. */
  readonly sandbox: Sandbox;
  readonly limits?: Partial<HostLimits>;
  readonly log?: HostLog;
}

/** Where a host writes what happens to its connections. */
export interface HostLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

const SILENT: HostLog = { info() {}, warn() {} };

/** Serves the sessions of any number of clients over one sandbox. */
export class Host implements AsyncDisposable {
  readonly #limits: HostLimits;
  readonly #sessions: SessionFactory;
  readonly #log: HostLog;
  readonly #connections = new Set<HostConnection>();
  #connectionCount = 0;
  #closing: Promise<void> | null = null;

  /** @throws `invalid_argument` for a limit that does not exist or is not a number. */
  constructor({ sandbox, limits, log = SILENT }: HostOptions) {
    this.#limits = withDefaults(DEFAULT_HOST_LIMITS, limits);
    this.#sessions = new SessionFactory(sandbox, this.#limits.maxSessions);
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
    this.#connectionCount += 1;
    const connection = this.#connectionCount;
    const { maxConnections } = this.#limits;
    if (this.#closing !== null || this.#connections.size >= maxConnections) {
      const error = new Error(`The host has ${maxConnections} connections (maxConnections)`);
      this.#log.warn({ connection, peer: transport.peer }, 'connection refused');
      transport.destroy(error);
      return Promise.resolve(error);
    }
    this.#log.info({ connection, peer: transport.peer }, 'client connected');
    return new Promise((resolve) => {
      const served = new HostConnection({
        transport,
        limits: this.#limits,
        sessions: this.#sessions,
        onEnded: (error) => {
          this.#connections.delete(served);
          if (error === null) this.#log.info({ connection }, 'client gone');
          else this.#log.warn({ connection, error: error.message }, 'connection failed');
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
