import { abortable, delay } from 'abort-controller-x';
import { CodeModeError } from '../../src/errors.ts';
import { withDefaults } from '../../src/limits.ts';
import { type Backoff, backoffMs } from '../remote/backoff.ts';
import type { RemoteSession } from '../remote/remote-session.ts';
import type { CreateSessionOptions, HostClient, OpenRemoteSessionOptions } from './host-client.ts';

/** A request to connect. */
export interface DialRequest {
  /** Aborts when no caller waits any more. */
  readonly signal: AbortSignal;
  /** The number of the new connection at this client, from 1. */
  readonly generation: number;
}

/** Limits of reconnecting. */
export interface ReconnectLimits extends Backoff {
  /** Consecutive attempts before waiting calls fail. Default 5. */
  readonly maxAttempts: number;
}

const DEFAULT_LIMITS: ReconnectLimits = { firstMs: 100, mostMs: 5_000, maxAttempts: 5 };

/** One attempt to connect, for all callers that wait for it. */
interface Flight {
  readonly client: Promise<HostClient>;
  readonly giveUp: AbortController;
  waiting: number;
}

const NEVER = new AbortController().signal;

/**
 * A client that connects when you open a session, and reconnects after its connection was lost.
 *
 * Each connection is a new generation. Its sessions are lost with it, and nothing is replayed:
 * pending calls fail with `connection_lost`, later calls of these sessions with `state_lost`. The
 * next session is opened on a new connection.
 */
export class ReconnectingHostClient implements AsyncDisposable {
  readonly #dial: (request: DialRequest) => Promise<HostClient>;
  readonly #limits: ReconnectLimits;
  #client: HostClient | null = null;
  #flight: Flight | null = null;
  /** Failed attempts, and connections without a session, since a session was last opened. */
  #failures = 0;
  #hasServed = false;
  #generation = 0;
  #closing: Promise<void> | null = null;

  /**
   * @param dial Connects to the host, such as `(request) => connect(url, request)`.
   * @throws `invalid_argument` for an unknown limit, or a limit that is not a number.
   */
  constructor(
    dial: (request: DialRequest) => Promise<HostClient>,
    limits?: Partial<ReconnectLimits>,
  ) {
    this.#dial = dial;
    this.#limits = withDefaults(DEFAULT_LIMITS, limits);
  }

  /** The number of connections so far, with the current one; 0 before the first. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Opens a session, on a new connection if there is none.
   *
   * Concurrent callers share the new connection. Failed attempts are repeated after a wait; the signal
   * aborts the wait of this caller.
   *
   * @throws Like `HostClient.openSession`; the error of the last attempt to connect; `connection_lost`
   * if this client was closed.
   */
  async openSession(options: OpenRemoteSessionOptions): Promise<RemoteSession> {
    const client = await this.#connected(options.signal ?? NEVER);
    return this.#served(client.openSession(options));
  }

  /** Like `openSession`, with an id that the host chooses. See `HostClient.createSession`. */
  async createSession(options: CreateSessionOptions): Promise<RemoteSession> {
    const client = await this.#connected(options.signal ?? NEVER);
    return this.#served(client.createSession(options));
  }

  /**
   * Closes every session and the connection, and never reconnects. Safe to call twice. A pending
   * attempt to connect is aborted; if it still succeeds, that connection is closed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const flight = this.#flight;
    this.#flight = null;
    flight?.giveUp.abort(closed());
    await this.#client?.close();
  }

  /** A host that opens sessions is healthy: the next failure counts as the first. */
  async #served(opening: Promise<RemoteSession>): Promise<RemoteSession> {
    const session = await opening;
    this.#failures = 0;
    this.#hasServed = true;
    return session;
  }

  async #connected(signal: AbortSignal): Promise<HostClient> {
    signal.throwIfAborted();
    if (this.#closing !== null) throw closed();
    if (this.#client !== null && this.#client.failure === null) return this.#client;
    this.#flight ??= this.#takeOff();
    const flight = this.#flight;
    flight.waiting += 1;
    try {
      return await abortable(signal, flight.client);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) this.#land(flight);
    }
  }

  #takeOff(): Flight {
    if (this.#client !== null && !this.#hasServed) this.#failures += 1;
    this.#client = null;
    const giveUp = new AbortController();
    const client = this.#connect(giveUp.signal);
    client.catch(() => {});
    return { client, giveUp, waiting: 0 };
  }

  /** The attempt has ended or is aborted: no caller waits for it. */
  #land(flight: Flight): void {
    if (this.#flight === flight) this.#flight = null;
    flight.giveUp.abort(new CodeModeError('cancelled', 'Nobody waits for this connection'));
  }

  async #connect(signal: AbortSignal): Promise<HostClient> {
    for (let attempt = 1; ; attempt += 1) {
      const waitMs = backoffMs(this.#failures, this.#limits);
      if (waitMs > 0) await delay(signal, waitMs);
      try {
        return await this.#attempt(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof CodeModeError) || error.code !== 'connection_lost') throw error;
        this.#failures += 1;
        if (attempt >= this.#limits.maxAttempts) throw error;
      }
    }
  }

  async #attempt(signal: AbortSignal): Promise<HostClient> {
    const generation = this.#generation + 1;
    const dialling = this.#dial({ signal, generation });
    try {
      const client = await abortable(signal, dialling);
      signal.throwIfAborted();
      this.#flight = null;
      this.#generation = generation;
      this.#hasServed = false;
      this.#client = client;
      return client;
    } catch (error) {
      // A connection that is still made belongs to no caller.
      if (signal.aborted) dialling.then((late) => late.close()).catch(() => {});
      throw error;
    }
  }
}

function closed(): CodeModeError {
  return new CodeModeError('connection_lost', 'Cannot open a session: the client was closed');
}
