import { CodeModeError } from '../../src/errors.ts';
import type { ExecuteRequest, Session, StartedCell, WaitOptions } from '../../src/session.ts';
import type { CreatedSession } from './create-session.ts';
import { PromptOrder } from './prompt-order.ts';
import { FIRST_OBSERVE, PromptPump } from './prompt-pump.ts';
import { type ProxiedSession, proxiedSession, type SessionResponse } from './proxied-session.ts';
import { forwardTo, type ProxyTarget } from './proxy.ts';
import type { SessionFeed } from './session-feed.ts';
import type { SessionTools } from './session-tools.ts';
import type { SessionUpdate } from './session-updates.ts';
import type { UpdateReader } from './update-reader.ts';

/** What an active session is made of. */
export interface ActiveSessionParts {
  readonly created: CreatedSession;
  readonly feed: SessionFeed;
  readonly reader: UpdateReader;
  readonly tools: SessionTools;
  /** Closes what ends with the session. */
  readonly release: () => Promise<void>;
}

const NEVER = new AbortController().signal;

/** A session whose updates are read one by one, until it is handed over to a proxy. */
export class ActiveSession implements AsyncDisposable {
  /** The identity of the session. */
  readonly response: SessionResponse;
  readonly #parts: ActiveSessionParts;
  readonly #session: ProxiedSession;
  #isHandedOver = false;
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(parts: ActiveSessionParts) {
    const { session, sessionId, remoteUrl, ended } = parts.created;
    this.response = { sessionId, remoteUrl };
    this.#parts = parts;
    this.#session = proxiedSession(session, parts.tools, this.response, () => this.close());
    void ended?.then((reason) => this.#end(reason));
  }

  get sessionId(): string {
    return this.response.sessionId;
  }

  /** The session itself. Calls and notifications of its programs also appear as updates. */
  get session(): Session {
    return this.#session;
  }

  /** Runs a program whose output and end the caller observes. See `Session.execute`. */
  execute(request: ExecuteRequest, options?: WaitOptions): Promise<StartedCell> {
    return this.#session.execute(request, options);
  }

  /**
   * Runs a program as a prompt: its output and its end arrive as updates.
   *
   * @param prompt The source, or a request. The session chooses how to observe the cell.
   * @returns The id of its cell.
   * @throws As `Session.execute`.
   */
  async sendPrompt(prompt: string | Omit<ExecuteRequest, 'observe'>): Promise<string> {
    const request = typeof prompt === 'string' ? { source: prompt } : prompt;
    const { feed, reader } = this.#parts;
    const order = new PromptOrder(() => reader.isFull);
    const started = await this.#session.execute({
      ...request,
      delegate: request.delegate ?? feed.inOrder(order),
      observe: FIRST_OBSERVE,
      keepEvents: true,
    });
    new PromptPump(this.#session, started, order, {
      tell: (update) => feed.tell(update),
      get isFull() {
        return reader.isFull;
      },
      room: () => reader.room(),
    });
    return started.cellId;
  }

  /**
   * The next update. Updates from before the end of the session can still be read.
   *
   * @param options.signal Aborts the wait; no update is lost.
   * @throws `session_closed`; what ended the session otherwise; `handed_over`; the signal's reason.
   */
  readUpdate({ signal = NEVER }: { readonly signal?: AbortSignal } = {}): Promise<SessionUpdate> {
    return this.#parts.reader.read(signal);
  }

  /**
   * Reads until a prompt ends. Calls of tools without a handler are refused.
   *
   * @returns The text output, one line for each item. If the prompt failed, its error is the last line.
   * @throws Like `readUpdate`; the error of a prompt that ended with `failed`.
   */
  async readToString(options: { readonly signal?: AbortSignal } = {}): Promise<string> {
    const texts: string[] = [];
    for (;;) {
      const update = await this.readUpdate(options);
      if (update.type === 'call') refuse(update);
      if (update.type === 'output' && update.item.type === 'input_text') {
        texts.push(update.item.text);
      }
      if (update.type !== 'end') continue;
      if (update.end.type === 'failed') throw update.end.error;
      const failure = update.end.type === 'completed' ? update.end.failure : null;
      if (failure !== null) texts.push(`Script error:\n${failure.text}`);
      return texts.join('\n');
    }
  }

  /** Calls `listener` with every update when it arrives, whether or not it is read. @returns Unsubscribes. */
  subscribe(listener: (update: SessionUpdate) => void): () => void {
    return this.#parts.reader.subscribe(listener);
  }

  /**
   * Hands the session over: `target` gets the unread updates, in order, and then all later ones.
   * Pending and later reads fail with `handed_over`. Tools with a handler stay with the session.
   *
   * @returns The session for its new owner. Closing it closes this one too.
   * @throws `handed_over` if the session was handed over before.
   */
  proxyRemainingMessages(target: ProxyTarget): ProxiedSession {
    const { reader, feed } = this.#parts;
    if (this.#isHandedOver) throw handedOver();
    this.#isHandedOver = true;
    const { sink, pump } = forwardTo(target, reader.handOver(handedOver()));
    feed.swap(sink);
    pump();
    return this.#session;
  }

  /** Closes the session and everything that ends with it. Reads fail with `session_closed`. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#parts.created.session.close();
    } finally {
      this.#parts.reader.end(new CodeModeError('session_closed', 'code mode session is closed'));
      await this.#parts.release();
    }
  }

  #end(reason: Error): void {
    this.#parts.reader.end(reason);
    // `close` reports this failure too.
    this.#parts.release().catch(() => {});
  }
}

function refuse(update: Extract<SessionUpdate, { type: 'call' }>): void {
  const text = `Cannot call ${update.call.tool}: the tool has no handler`;
  update.fail(new CodeModeError('unsupported', text));
}

function handedOver(): CodeModeError {
  return new CodeModeError('handed_over', 'Cannot read updates: the session was handed over');
}
