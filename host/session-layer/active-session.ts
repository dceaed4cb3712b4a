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
  /** Ends what lives as long as the session. */
  readonly release: () => Promise<void>;
}

const NEVER = new AbortController().signal;

/** A session whose updates are read here, one after the other, until a proxy takes it over. */
export class ActiveSession implements AsyncDisposable {
  /** What its creation was answered with. */
  readonly response: SessionResponse;
  readonly #parts: ActiveSessionParts;
  readonly #session: ProxiedSession;
  #isHandedOver = false;
  #closing: Promise<void> | null = null;

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

  /** The session, for all that is not done here; what its programs ask shows in the updates too. */
  get session(): Session {
    return this.#session;
  }

  /** Runs a program whose output and end the caller looks after. See `Session.execute`. */
  execute(request: ExecuteRequest, options?: WaitOptions): Promise<StartedCell> {
    return this.#session.execute(request, options);
  }

  /**
   * Runs a program whose output and end come as updates.
   *
   * @param prompt Its source, or more. How long to wait is not up to the caller.
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
   * The next update. What came before the session ended can still be read.
   *
   * @param options.signal Gives the wait up; nothing is lost by that.
   * @throws `session_closed`; what else ended the session; `handed_over`; the signal's reason.
   */
  readUpdate({ signal = NEVER }: { readonly signal?: AbortSignal } = {}): Promise<SessionUpdate> {
    return this.#parts.reader.read(signal);
  }

  /**
   * Reads until a prompt is over, and gives the texts it showed, a line each; the error it ended
   * with, where it did, is the last of them. Calls that nobody handles are refused.
   *
   * @throws As `readUpdate`; what kept the prompt from ending.
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

  /** Has every update told to `listener` when it comes, whoever reads it. @returns Ends that. */
  subscribe(listener: (update: SessionUpdate) => void): () => void {
    return this.#parts.reader.subscribe(listener);
  }

  /**
   * Hands the session over: what nobody has read goes to `target`, in order, and then all that
   * comes, each once. Tools with a handler stay here, and live as long as the session.
   *
   * @returns The session, to be asked on, which closes this one too. Whoever read updates is told
   * `handed_over`.
   * @throws `handed_over` where it was before.
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

  /** Closes the session, and what lives as long as it. Who reads is told `session_closed`. */
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
    // Whoever closes the session is told how that went, too.
    this.#parts.release().catch(() => {});
  }
}

function refuse(update: Extract<SessionUpdate, { type: 'call' }>): void {
  const text = `Cannot call ${update.call.tool}: nobody handles it`;
  update.fail(new CodeModeError('unsupported', text));
}

function handedOver(): CodeModeError {
  return new CodeModeError('handed_over', 'Cannot read updates: the session was handed over');
}
