import { CodeModeError } from '../../../src/errors.ts';
import { isSessionId } from '../../../src/runtime/check-arguments.ts';
import type { AnswerTimes } from '../../remote/answer-times.ts';
import type { OpenSessionRequest, SessionEvent, ToolCall } from '../generated/code-mode.ts';
import type { StatusError } from '../status.ts';
import type { AskedCall, AskedCalls, CallHeaders } from './asked-calls.ts';
import type { CallEnd } from './client-call.ts';
import { senseless } from './from-messages.ts';
import type { Incoming } from './incoming.ts';

/** Says which host has a session, for a balancer. */
const ROUTE = 'x-code-mode-route';
const ROUTE_LOST = 'x-code-mode-route-lost';

/** What a lease needs. */
export interface LeaseParts {
  readonly calls: AskedCalls;
  readonly times: AnswerTimes;
  /** Receives what the host sends to the session, also before `open` resolves. */
  incoming(sessionId: string): Incoming;
  /** Aborted with the reason when the session is lost. */
  readonly lost: AbortController;
}

/**
 * The two streams that are a session at its host: its events, whose stream is its life, and its tool
 * calls. When one of them ends and nobody has asked for that, the session is lost.
 */
export class Lease {
  readonly #parts: LeaseParts;
  readonly #opened = Promise.withResolvers<string>();
  readonly #subscribed = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #events: AskedCall | null = null;
  #toolCalls: AskedCall | null = null;
  #incoming: Incoming | null = null;
  #headers: CallHeaders = {};
  /** Whether `open` has succeeded, so that the session can be lost. */
  #isHeld = false;
  #isClosing = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    for (const { promise } of [this.#opened, this.#subscribed]) promise.catch(() => {});
  }

  /** Why the session was lost; null while it is kept. */
  get failure(): Error | null {
    const { signal } = this.#parts.lost;
    return signal.aborted ? signal.reason : null;
  }

  /** The headers for each call of the session. */
  get headers(): CallHeaders {
    return this.#headers;
  }

  /** How many calls of the host are unanswered. */
  get unanswered(): number {
    return this.#incoming?.unanswered ?? 0;
  }

  /** Resolves when the host has ended the session, or is gone. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Whether this side has ended the session. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Resolves when everything about a cell was delivered that the host has sent. */
  async untilEnded(cellId: string): Promise<void> {
    await this.#incoming?.untilEnded(cellId);
  }

  /** A cell is about to be terminated. */
  hurry(cellId: string): void {
    this.#incoming?.hurry(cellId);
  }

  /**
   * Opens the session, and asks for its tool calls.
   *
   * @returns The id.
   * @throws StatusError; the session has then ended.
   */
  async open(request: OpenSessionRequest): Promise<string> {
    try {
      this.#events = this.#followEvents(request);
      this.#events.expect('OpenSession', this.#parts.times.openMs);
      const sessionId = await this.#opened.promise;
      this.#events.expect('OpenSession', Infinity);
      this.#toolCalls = this.#followToolCalls(sessionId);
      this.#toolCalls.expect('SubscribeToToolCalls', this.#parts.times.givenUpMs);
      await this.#subscribed.promise;
      this.#toolCalls.expect('SubscribeToToolCalls', Infinity);
      return sessionId;
    } catch (error) {
      this.drop();
      throw error;
    }
  }

  /** This side is about to close the session: the ends of the streams are expected. */
  close(): void {
    this.#isClosing = true;
  }

  /** Ends the session by leaving its streams. */
  drop(): void {
    this.#isHeld = false;
    this.#incoming?.end();
    this.#toolCalls?.cancel();
    this.#events?.cancel();
  }

  /** A call of the session has failed: the host may say that it is gone. */
  failed(end: CallEnd): void {
    if (ROUTE in this.#headers && end.header(ROUTE_LOST) === 'true') {
      this.#lose(lost('its host is gone (x-code-mode-route-lost)', null));
    }
  }

  #followEvents(request: OpenSessionRequest): AskedCall {
    return this.#parts.calls.follow(
      'openSession',
      request,
      {},
      {
        headers: (header) => {
          const route = header(ROUTE);
          if (route !== undefined) this.#headers = { [ROUTE]: route };
        },
        message: (event) => this.#event(event),
        ended: (error) => {
          this.#ended.resolve();
          const why = lost('its stream ended', error);
          this.#opened.reject(error ?? why);
          this.#subscribed.reject(error ?? why);
          this.#lose(why);
        },
      },
    );
  }

  #event(message: SessionEvent): void {
    if (this.#incoming !== null) return this.#incoming.event(message);
    if (message.event?.$case !== 'opened')
      throw senseless('news before the beginning of a session');
    const { sessionId } = message.event.value;
    if (!isSessionId(sessionId)) throw senseless('a session with an invalid id');
    this.#incoming = this.#parts.incoming(sessionId);
    this.#opened.resolve(sessionId);
  }

  #followToolCalls(sessionId: string): AskedCall {
    const request = { sessionId, toolNames: [] };
    return this.#parts.calls.follow('subscribeToToolCalls', request, this.#headers, {
      headers: () => {
        this.#isHeld = true;
        this.#subscribed.resolve();
      },
      message: (call: ToolCall) => this.#incoming?.toolCall(call),
      ended: (error, end) => {
        if (error !== null) this.failed(end);
        const why = lost('its tool calls ended', error);
        this.#subscribed.reject(error ?? why);
        this.#lose(why);
      },
    });
  }

  #lose(error: CodeModeError): void {
    if (this.#isClosing || !this.#isHeld) return;
    this.drop();
    this.#parts.lost.abort(error);
  }
}

function lost(what: string, error: StatusError | null): CodeModeError {
  if (error?.cause instanceof CodeModeError) return error.cause;
  const why = error === null ? '' : `: ${error.message}`;
  const options = error === null ? {} : { cause: error };
  return new CodeModeError(
    'connection_lost',
    `code-mode host ended a session: ${what}${why}`,
    options,
  );
}
