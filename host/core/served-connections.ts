import type { HostLog } from './host-log.ts';

/** A client's connection, on any wire. */
export interface ServedConnection {
  readonly peer: string;
  /** Closes the sessions of the client, sends all answers, and ends the connection. */
  close(): Promise<void>;
  /** Ends the connection at once. */
  fail(error: Error): void;
}

/** The connections of a host, of all wires together. */
export class ServedConnections {
  readonly #maxConnections: number;
  readonly #log: HostLog;
  readonly #open = new Set<ServedConnection>();
  #count = 0;
  #closing: Promise<void> | null = null;

  /** @param maxConnections One more connection is refused. */
  constructor(maxConnections: number, log: HostLog) {
    this.#maxConnections = maxConnections;
    this.#log = log;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Admits a connection and counts it until it has ended.
   *
   * @param serve Serves the connection with this number, counted from 1. Resolves when it has ended,
   *   with the error that ended it; null after a clean end.
   * @returns The same; the error of a refusal.
   */
  async serve(
    connection: ServedConnection,
    serve: (number: number) => Promise<Error | null>,
  ): Promise<Error | null> {
    this.#count += 1;
    const number = this.#count;
    const { peer } = connection;
    if (this.#closing !== null || this.#open.size >= this.#maxConnections) {
      const error = this.#refusal();
      this.#log.warn({ connection: number, peer }, 'connection refused');
      connection.fail(error);
      return error;
    }
    this.#log.info({ connection: number, peer }, 'client connected');
    this.#open.add(connection);
    const error = await serve(number);
    this.#open.delete(connection);
    if (error === null) this.#log.info({ connection: number }, 'client gone');
    else this.#log.warn({ connection: number, error: error.message }, 'connection failed');
    return error;
  }

  /** Refuses new connections and closes all others at once. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#open].map((each) => each.close())).then(() => {});
    return this.#closing;
  }

  #refusal(): Error {
    return this.#closing === null
      ? new Error(
          `Cannot connect: the host has ${this.#maxConnections} connections (maxConnections)`,
        )
      : new Error('Cannot connect: the host is closing');
  }
}
