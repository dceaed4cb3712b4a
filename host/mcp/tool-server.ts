import {
  type CallToolRequest,
  Client,
  type ClientOptions,
  type ElicitRequest,
  type ElicitResult,
  ProtocolError,
  type RequestOptions,
  SdkHttpError,
  type StreamableHTTPClientTransport,
  specTypeSchemas,
  type Tool,
  type Transport,
} from '@modelcontextprotocol/client';
import type { ToolCall } from '../../src/delegate.ts';
import { isJsonObject, type JsonObject } from '../../src/describe/json-object.ts';
import { CodeModeError } from '../../src/errors.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import type { McpServerConfig } from './mcp-config.ts';
import { NO_TIMEOUT_MS } from './no-timeout.ts';
import type { ServerProcess } from './server-process.ts';
import { httpTransport, processTransport } from './server-transport.ts';
import type { ToolPolicy } from './tool-policy.ts';

const CLIENT = { name: 'cellhost', version: '0.1.0' };
const GOODBYE_MS = 1000;
const MAX_PAGES = 1000;

/** A question of a tool server for a person. */
export type Question = ElicitRequest['params'];

/**
 * Asks a person. When `signal` aborts, nobody waits for the answer any more. `name` is what the server
 * calls the question, if it gave it a name.
 */
export type Ask = (question: Question, signal: AbortSignal, name?: string) => Promise<ElicitResult>;

/** What a tool server tells of a call while it runs. */
export interface CallListeners {
  /** Answers what the server asks. Without it, questions are declined. */
  readonly ask?: Ask | undefined;
  /** Hears of progress, where the server tells of it. Default: it is not asked to. */
  readonly onProgress?: ((progress: ProgressReport) => void) | undefined;
}

/** How far a call has come, in the words of its server. */
export type ProgressReport = Parameters<NonNullable<RequestOptions['onprogress']>>[0];

/** How a tool server is started, and who hears of it. */
export interface ToolServerOptions {
  /** Hears what the server writes to standard error, in pieces as they come. Default: nobody. */
  readonly onStderr?: (text: string) => void;
  /** Called when a server that has started is gone. Default: nobody. */
  readonly onLost?: () => void;
  /** Called when the server says that its tools, resources or prompts changed. Default: nobody. */
  readonly onChanged?: () => void;
  /** Whether the server is told that it may ask questions. Default: false. */
  readonly mayAsk?: boolean;
}

/** How a start is bounded. */
export interface StartOptions {
  /** Gives up the start: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long it may take until the tools are listed, in milliseconds, unless the configuration of the
   * server says it. Default 30,000.
   */
  readonly startTimeoutMs?: number | undefined;
}

/** One tool server: a client, and if the server is a process of ours, that process. Starts once. */
export class ToolServer {
  readonly name: string;
  tools: readonly Tool[] = [];
  readonly #config: McpServerConfig;
  readonly #options: ToolServerOptions;
  readonly #client: Client;
  /** Who may be asked, by the calls that run. */
  readonly #asks = new Set<{ readonly ask: Ask | undefined }>();
  #process: ServerProcess | undefined;
  #http: StreamableHTTPClientTransport | undefined;
  #isStarted = false;
  /** Why it cannot be called any more. */
  #lost: string | undefined;

  constructor(name: string, config: McpServerConfig, options: ToolServerOptions) {
    this.name = name;
    this.#config = config;
    this.#options = options;
    // On stdio, asking for the version first would start every server twice.
    const mode = 'url' in config ? 'auto' : 'legacy';
    this.#client = new Client(CLIENT, {
      versionNegotiation: { mode },
      listMaxPages: MAX_PAGES,
      ...(options.onChanged && { listChanged: this.#listChanged(options.onChanged) }),
      ...(options.mayAsk && { capabilities: { elicitation: { form: {}, url: {} } } }),
    });
    if (options.mayAsk) this.#answerQuestions();
  }

  /** What may be done with its tools. */
  get policy(): ToolPolicy | undefined {
    return this.#config.tools;
  }

  /** Why it cannot be called any more; undefined as long as it can be. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** The client, for what a server has besides tools. */
  get client(): Client {
    return this.#client;
  }

  /**
   * Connects and lists the tools.
   *
   * @throws `tool_server_failed` with the cause and the end of its standard error; the signal's reason.
   */
  async start({ signal, startTimeoutMs: usualMs = 30_000 }: StartOptions): Promise<void> {
    const { startTimeoutMs = usualMs } = this.#config;
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const onTimeout = () => {
      this.#lost ??= `did not answer within ${startTimeoutMs} ms`;
      reject(new Error(this.#lost));
    };
    const timer = setTimeout(onTimeout, startTimeoutMs);
    const unlink = onAbort(signal, () => reject(signal?.reason));
    try {
      signal?.throwIfAborted();
      await Promise.race([stopped, this.#connect(startTimeoutMs)]);
      this.#isStarted = true;
    } catch (error) {
      throw signal?.aborted ? signal.reason : this.#startError(error);
    } finally {
      clearTimeout(timer);
      unlink();
    }
  }

  /**
   * Calls a tool.
   *
   * @throws `invalid_argument`, `tool_server_failed`, the signal's reason, or what the server refuses
   * the call with.
   */
  async call(
    tool: Tool,
    call: ToolCall,
    signal: AbortSignal,
    { ask, onProgress }: CallListeners = {},
  ): Promise<unknown> {
    const args = objectArgument(call);
    if (this.#lost !== undefined) throw this.#callError(call, this.#lost);
    const params = { name: tool.name, ...(args && { arguments: args }) };
    const onprogress = onProgress && { onprogress: onProgress };
    const options = { signal, timeout: NO_TIMEOUT_MS, ...onprogress };
    try {
      return await this.asking(ask, () => this.#request(tool, params, options));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (ProtocolError.isInstance(error)) throw error;
      this.#noticeLostSession(error);
      throw this.#callError(call, this.#lost ?? reasonOf(error), error);
    }
  }

  /** Asks something of the server, which may itself ask a person meanwhile. */
  async asking<T>(ask: Ask | undefined, work: (client: Client) => Promise<T>): Promise<T> {
    const asked = { ask };
    this.#asks.add(asked);
    try {
      return await work(this.#client);
    } finally {
      this.#asks.delete(asked);
    }
  }

  /** Makes the request of a call. A result that breaks the tool's output schema is handed on as it is. */
  #request(tool: Tool, params: CallToolRequest['params'], options: RequestOptions) {
    if (this.#client.getProtocolEra() === 'modern') {
      const { outputSchema: _, ...toolDefinition } = tool;
      return this.#client.callTool(params, { ...options, toolDefinition });
    }
    // Without a schema the client builds an error for each request, to see whether it has one.
    const request = { method: 'tools/call', params } as const;
    return this.#client.request(request, specTypeSchemas.CallToolResult, options);
  }

  /** Lists the tools again. */
  async refresh(): Promise<void> {
    // The client writes to standard output where a server without tools is asked for them.
    if (this.#client.getServerCapabilities()?.tools === undefined) return;
    const options = { timeout: NO_TIMEOUT_MS, cacheMode: 'refresh' } as const;
    this.tools = (await this.#client.listTools(undefined, options)).tools;
  }

  async close(): Promise<void> {
    this.#lost ??= 'is closed';
    if (this.#http !== undefined) await settledWithin(GOODBYE_MS, this.#http.terminateSession());
    await this.#client.close();
    // While the client still negotiates, the transport is not its own yet.
    await this.#http?.close();
    await this.#process?.close();
  }

  async #connect(timeoutMs: number): Promise<void> {
    await this.#client.connect(this.#openTransport(), { timeout: timeoutMs });
    await this.refresh();
  }

  #openTransport(): Transport {
    if ('url' in this.#config) {
      this.#http = httpTransport(this.#config);
      return this.#http;
    }
    const onStderr = this.#options.onStderr ?? (() => {});
    const transport = processTransport(this.#config, onStderr);
    this.#process = transport.process;
    void transport.process.ended.then((cause) => {
      this.#lost ??= cause;
      transport.onclose?.();
      if (this.#isStarted) this.#options.onLost?.();
    });
    return transport;
  }

  /** A server over HTTP that was restarted knows the session no more, and never will again. */
  #noticeLostSession(error: unknown): void {
    if (!(error instanceof SdkHttpError) || error.status !== 404 || !this.#isStarted) return;
    if (this.#lost !== undefined || this.#options.onLost === undefined) return;
    this.#lost = 'no longer knows this session';
    this.#options.onLost();
  }

  #listChanged(onChanged: () => void): NonNullable<ClientOptions['listChanged']> {
    const changed = { autoRefresh: false, onChanged };
    return { tools: changed, resources: changed, prompts: changed };
  }

  /** A question does not say which call it belongs to: the latest one is the most likely. */
  #answerQuestions(): void {
    this.#client.setRequestHandler('elicitation/create', async ({ params }, { mcpReq }) => {
      const latest = [...this.#asks].at(-1)?.ask;
      if (latest === undefined) return { action: 'decline' };
      // The client library gives a question of a result the name it has there as its id.
      const isNamed = this.#client.getProtocolEra() === 'modern';
      return await latest(params, mcpReq.signal, isNamed ? String(mcpReq.id) : undefined);
    });
  }

  #startError(error: unknown): CodeModeError {
    const tail = this.#process?.stderrTail ?? '';
    const wrote = tail === '' ? '' : `. The end of its standard error:\n${tail}`;
    this.#lost ??= reasonOf(error);
    const message = `Cannot start tool server "${this.name}": it ${this.#lost}`;
    return new CodeModeError('tool_server_failed', message + wrote, { cause: error });
  }

  #callError(call: ToolCall, reason: string, cause?: unknown): CodeModeError {
    const message = `Cannot call ${call.tool}: tool server "${this.name}" ${reason}`;
    return new CodeModeError('tool_server_failed', message, { cause });
  }
}

function objectArgument(call: ToolCall): JsonObject | undefined {
  const { input } = call;
  if (input === undefined || isJsonObject(input)) return input;
  const message = `tool \`${call.tool}\` expects a JSON object for arguments`;
  throw new CodeModeError('invalid_argument', message);
}

async function settledWithin(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, work.catch(() => {})]);
  clearTimeout(timer);
}

/** What an error and its causes say, each thing once. */
function reasonOf(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!messages.some((message) => message.includes(cause.message))) messages.push(cause.message);
  }
  return `failed: ${messages.length === 0 ? String(error) : messages.join(': ')}`;
}
