import { type ClientHttp2Session, constants } from 'node:http2';
import { execute } from 'abort-controller-x';
import { CodeModeError } from '../../../src/errors.ts';
import { startTimer } from '../../../src/waiting/timer.ts';
import { Status, StatusError } from '../status.ts';
import { type CallReceiver, ClientCall } from './client-call.ts';
import type { Place } from './place.ts';

/** A call that was started. */
export interface StartedCall {
  /** Ends it, unless it has ended: its receiver is told that it failed with `cancelled`. */
  cancel(): void;
}

/** How often a call is sent again that no host has looked at. */
const MAX_SENT_AGAIN = 3;

/**
 * A connection to a gRPC host. When the host says that it takes no new calls, later calls go over a new
 * connection to the same place, and those that are open continue.
 */
export class Channel {
  readonly #place: Place;
  readonly #ended = Promise.withResolvers<Error>();
  readonly #sessions = new Set<ClientHttp2Session>();
  /** Takes new calls, until it says otherwise. */
  #current: ClientHttp2Session;
  #failure: Error | null = null;

  private constructor(place: Place) {
    this.#place = place;
    this.#current = this.#dial();
  }

  /**
   * Connects, and waits until the host has said that it speaks HTTP/2.
   *
   * @param withinMs How long that may take.
   * @throws `connection_lost`, `handshake_failed`; the signal's reason.
   */
  static async connect(place: Place, withinMs: number, signal: AbortSignal): Promise<Channel> {
    signal.throwIfAborted();
    const channel = new Channel(place);
    await execute<void>(signal, (resolve, reject) => {
      channel.#current.once('remoteSettings', () => resolve());
      channel.#ended.promise.then(reject, () => {});
      const timer = startTimer(() => channel.destroy(unanswered(withinMs)), withinMs);
      void channel.#ended.promise.then(() => clearTimeout(timer));
      channel.#current.once('remoteSettings', () => clearTimeout(timer));
      return () => {
        clearTimeout(timer);
        channel.destroy(signal.reason);
      };
    });
    return channel;
  }

  /** Why it ended; null while it is open. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Resolves with the reason when the last connection has ended. */
  get ended(): Promise<Error> {
    return this.#ended.promise;
  }

  /**
   * Sends a request.
   *
   * @param body The request, with its prefix.
   * @param headers Further headers.
   */
  call(
    path: string,
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    receiver: CallReceiver,
  ): StartedCall {
    let sent = 0;
    let isCancelled = false;
    let call: StartedCall | null = null;
    const send = () => {
      sent += 1;
      call = this.#start(path, body, headers, {
        headers: (some) => receiver.headers(some),
        message: (message) => receiver.message(message),
        ended: (error, end) => {
          const isOver = isCancelled || !end.wasNotProcessed || sent > MAX_SENT_AGAIN;
          if (isOver || this.#failure !== null) receiver.ended(error, end);
          else send();
        },
      });
    };
    send();
    const cancel = () => {
      isCancelled = true;
      call?.cancel();
    };
    return { cancel };
  }

  /** Takes no more calls. Resolves when the open ones have ended. */
  async close(): Promise<void> {
    for (const session of this.#sessions) session.close();
    await this.#ended.promise;
  }

  /** Ends the connection at once, for this reason, unless it has already ended. */
  destroy(error: Error): void {
    this.#fail(error);
    for (const session of this.#sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }

  #start(
    path: string,
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    receiver: CallReceiver,
  ): StartedCall {
    try {
      const session = this.#open();
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        te: 'trailers',
        'content-type': 'application/grpc',
        'grpc-accept-encoding': 'identity',
        'user-agent': 'cellhost',
        ...headers,
      });
      return new ClientCall(stream, body, receiver, () => this.#endOf(session));
    } catch (error) {
      const why = this.#failure ?? (error as Error);
      const failure = new StatusError(Status.unavailable, why.message, { cause: why });
      const end = { wasNotProcessed: false, header: () => undefined };
      queueMicrotask(() => receiver.ended(failure, end));
      return { cancel: () => {} };
    }
  }

  /** The connection for a new call. */
  #open(): ClientHttp2Session {
    const isUsable = !this.#current.closed && !this.#current.destroyed;
    if (isUsable || this.#failure !== null || !this.#place.isLasting) return this.#current;
    this.#current = this.#dial();
    return this.#current;
  }

  #dial(): ClientHttp2Session {
    const session = this.#place.dial();
    let failure: Error | null = null;
    let isConnected = false;
    this.#sessions.add(session);
    session.once('connect', () => {
      isConnected = true;
    });
    session.on('error', (error: Error) => {
      failure ??= error;
    });
    session.once('close', () => {
      this.#sessions.delete(session);
      if (this.#sessions.size > 0) return;
      const what = isConnected ? 'The connection' : `Cannot connect`;
      const why = failure?.message ?? 'the host closed it';
      this.#fail(
        lost(`${what} to ${this.#place.url}${isConnected ? ' ended' : ''}: ${why}`, failure),
      );
    });
    return session;
  }

  /** A connection that is destroyed has ended, although its end may not have been reported. */
  #endOf(session: ClientHttp2Session): Error | null {
    if (!session.destroyed) return null;
    return this.#failure ?? lost(`The connection to ${this.#place.url} ended`, null);
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#ended.resolve(error);
  }
}

function lost(text: string, cause: Error | null): CodeModeError {
  return new CodeModeError('connection_lost', text, cause === null ? {} : { cause });
}

function unanswered(withinMs: number): CodeModeError {
  const text = `timed out negotiating with the code-mode host after ${withinMs} ms`;
  return new CodeModeError('handshake_failed', text);
}
