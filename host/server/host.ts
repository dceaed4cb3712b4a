import { type HostCore, type HostOptions, makeHostCore } from '../core/host-core.ts';
import { Connection } from '../wire/connection.ts';
import type { Transport } from '../wire/transport.ts';
import { type Greeted, greet } from './greeting.ts';
import { HostConnection } from './host-connection.ts';

/** Serves the sessions of any number of clients. */
export class Host implements AsyncDisposable {
  readonly #core: HostCore;

  /** @throws `invalid_argument` for an invalid limit, and unless exactly one of `sandbox` and `open` is given. */
  constructor(options: HostOptions) {
    this.#core = makeHostCore(options);
  }

  /** For other wires. @internal */
  get core(): HostCore {
    return this.#core;
  }

  /** Open connections and sessions. */
  get counts(): { readonly connections: number; readonly sessions: number } {
    return { connections: this.#core.connections.size, sessions: this.#core.sessions.count };
  }

  /**
   * Serves a client until it leaves or the host is closed.
   *
   * @returns Resolves when the connection and its sessions have ended: with the error that ended the
   *   connection, or null if it ended between two messages.
   */
  serve(transport: Transport): Promise<Error | null> {
    const connection = new Connection(transport);
    return this.serveGreeted(connection, greet(connection, this.#core.limits.helloMs));
  }

  /** Like `serve`, for a connection that is greeted elsewhere. @internal */
  serveGreeted(connection: Connection, greeted: Promise<Greeted>): Promise<Error | null> {
    let client: Connection | HostConnection = connection;
    const served = {
      peer: connection.peer,
      close: () => client.close(),
      fail: (error: Error) => connection.fail(error),
    };
    return this.#core.connections.serve(served, async (number) => {
      const greeting = await greeted;
      if (greeting.type === 'ended') return greeting.error;
      const { capabilities } = greeting;
      const ready = new HostConnection({
        number,
        connection,
        capabilities,
        limits: this.#core.limits,
        sessions: this.#core.sessions,
      });
      client = ready;
      return ready.ended;
    });
  }

  /**
   * Refuses new connections, terminates every cell, answers every request and closes the connections.
   * Cancelled callbacks of all sessions share one grace period.
   */
  close(): Promise<void> {
    return this.#core.connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
