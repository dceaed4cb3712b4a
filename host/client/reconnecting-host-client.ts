import { abortable, delay } from 'abort-controller-x';
import { CodeModeError } from '../../src/errors.ts';
import { withDefaults } from '../../src/limits.ts';
import { type Backoff, backoffMs } from './backoff.ts';
import type { CreateSessionOptions, HostClient, OpenSessionOptions } from './host-client.ts';
import type { RemoteSession } from './remote-session.ts';

/** What a connection is to be made with. */
export interface DialRequest {
  /** Gives up: nobody waits any more. */
  readonly signal: AbortSignal;
  /** Which connection of the client it will be, from 1. */
  readonly generation: number;
}

/** How a host is reached again. */
export interface ReconnectLimits extends Backoff {
  /** How often a host is dialled in a row before the calls that wait for it fail. Default 5. */
  readonly maxAttempts: number;
}

const DEFAULT_LIMITS: ReconnectLimits = { firstMs: 100, mostMs: 5_000, maxAttempts: 5 };

/** One attempt to connect, for all who wait for it. */
interface Flight {
  readonly client: Promise<HostClient>;
  readonly giveUp: AbortController;
  waiting: number;
}

const NEVER = new AbortController().signal;

/**
 * A client that connects when a session is wanted, and again after its connection was lost.
 *
 * Each connection is a generation of its own. Sessions are lost with theirs, and nothing is
 * replayed: what was under way fails with `connection_lost`, what is asked of them later with
 * `state_lost`. The next session is opened on a new connection.
 */
export class ReconnectingHostClient implements AsyncDisposable {
  readonly #dial: (request: DialRequest) => Promise<HostClient>;
  readonly #limits: ReconnectLimits;
  #client: HostClient | null = null;
  #flight: Flight | null = null;
  /** Attempts, and connections on which no session was opened, since the last that was. */
  #failures = 0;
  #hasServed = false;
  #generation = 0;
  #closing: Promise<void> | null = null;

  /**
   * @param dial Connects to the host, such as `(request) => connect(url, request)`.
   * @throws `invalid_argument` for a limit that does not exist or is not a number.
   */
  constructor(
    dial: (request: DialRequest) => Promise<HostClient>,
    limits?: Partial<ReconnectLimits>,
  ) {
    this.#dial = dial;
    this.#limits = withDefaults(DEFAULT_LIMITS, limits);
  }

  /** How many connections there have been, the present one included; 0 before the first. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Opens a session, on a new connection where there is none.
   *
   * Callers who need one at the same time share it. Where it cannot be made it is tried again after
   * a wait; the signal gives that up for this caller.
   *
   * @throws As `HostClient.openSession`, and what the last attempt to connect failed with;
   * `connection_lost` where this client was closed.
   */
  async openSession(options: OpenSessionOptions): Promise<RemoteSession> {
    const client = await this.#connected(options.signal ?? NEVER);
    return this.#served(client.openSession(options));
  }

  /** As `openSession`, with an id that the host chooses. See `HostClient.createSession`. */
  async createSession(options: CreateSessionOptions): Promise<RemoteSession> {
    const client = await this.#connected(options.signal ?? NEVER);
    return this.#served(client.createSession(options));
  }

  /**
   * Closes every session and the connection, and connects no more. Safe to call twice. A connection
   * that is on its way is given up, and closed if it comes all the same.
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

  /** A host that opens sessions is well: the next loss is the first again. */
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

  /** Nobody waits for it any more: it has ended, or is given up. */
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
      // What comes all the same is nobody's.
      if (signal.aborted) dialling.then((late) => late.close()).catch(() => {});
      throw error;
    }
  }
}

function closed(): CodeModeError {
  return new CodeModeError('connection_lost', 'Cannot open a session: the client was closed');
}
