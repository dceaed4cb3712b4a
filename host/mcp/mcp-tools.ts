import {
  Client,
  deserializeMessage,
  isJSONRPCRequest,
  type JSONRPCMessage,
  ProtocolError,
  StreamableHTTPClientTransport,
  type Tool,
  type Transport,
} from '@modelcontextprotocol/client';
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio';
import type { ToolCall } from '../../src/delegate.ts';
import { isJsonObject, type JsonObject } from '../../src/describe/json-object.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import type { McpConfig, McpHttpServer, McpProcessServer, McpServerConfig } from './mcp-config.ts';
import { distinctServers, routeTools } from './mcp-tool-definitions.ts';
import { ServerProcess } from './server-process.ts';

const CLIENT = { name: 'cellhost', version: '0.1.0' };
/** The longest a timer can be, 24 days: calls end when the server answers or the cell is over. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;
const GOODBYE_MS = 1000;
const MAX_PAGES = 1000;
const INTERNAL_ERROR = -32603;

/** How tool servers are started. */
export interface McpToolsOptions {
  /** Gives up the start: the promise rejects with the signal's reason, no process is left. */
  readonly signal?: AbortSignal;
  /** How long a server may take until its tools are listed. Default 30,000. */
  readonly startTimeoutMs?: number;
  /** Hears what servers write to standard error, in pieces as they come. Default: nobody. */
  readonly onStderr?: (server: string, text: string) => void;
}

/** The tools of MCP servers, and the connections behind them. */
export interface McpTools extends AsyncDisposable {
  readonly tools: readonly ToolDefinition[];
  /** What was left out, and why: sentences for people. */
  readonly warnings: readonly string[];

  /**
   * Calls a tool: the method of a `Delegate`. A tool that reports a failure is a result, with `isError`.
   *
   * @returns The MCP result as the server gave it.
   * @throws `invalid_argument` for an argument that is no object, `tool_server_failed` where the
   * server is gone, the signal's reason when it aborts, and what the server refuses the call with.
   */
  invokeTool(call: ToolCall, signal: AbortSignal): Promise<unknown>;

  /** Ends all servers at once; those that are still there after a second are killed. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts all configured servers at the same time and lists their tools.
 *
 * @throws `tool_server_failed` with the server, the cause and the end of its standard error. Then
 * all others are closed too.
 */
export async function connectMcpTools(
  config: McpConfig,
  options: McpToolsOptions = {},
): Promise<McpTools> {
  const warnings: string[] = [];
  const warn = (warning: string) => void warnings.push(warning);
  const entries = distinctServers(Object.entries(config.mcpServers), warn);
  const servers = entries.map(([name, server]) => new McpServer(name, server, options));
  const close = async () => void (await Promise.all(servers.map((server) => server.close())));
  try {
    await Promise.all(servers.map((server) => server.start(options)));
  } catch (error) {
    await close();
    throw error;
  }
  const routed = routeTools(servers, warn);
  const byName = new Map(routed.map((route) => [route.definition.name, route]));
  return {
    tools: routed.map(({ definition }) => definition),
    warnings,
    invokeTool: async (call, signal) => {
      const route = byName.get(call.tool);
      if (route !== undefined) return route.server.call(route.tool, call, signal);
      throw new CodeModeError('invalid_argument', `Cannot call ${call.tool}: no server has it`);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** One server: a client, and where it is a process of ours, that process. */
class McpServer {
  readonly name: string;
  tools: readonly Tool[] = [];
  readonly #config: McpServerConfig;
  readonly #client: Client;
  readonly #onStderr: (text: string) => void;
  #process: ServerProcess | undefined;
  #http: StreamableHTTPClientTransport | undefined;
  /** Why it cannot be called any more. */
  #lost: string | undefined;

  constructor(name: string, config: McpServerConfig, { onStderr }: McpToolsOptions) {
    this.name = name;
    this.#config = config;
    this.#onStderr = (text) => onStderr?.(name, text);
    // On stdio, asking for the version first would start every server twice.
    const mode = 'url' in config ? 'auto' : 'legacy';
    this.#client = new Client(CLIENT, { versionNegotiation: { mode }, listMaxPages: MAX_PAGES });
  }

  async start({ signal, startTimeoutMs = 30_000 }: McpToolsOptions): Promise<void> {
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
    } catch (error) {
      throw signal?.aborted ? signal.reason : this.#startError(error);
    } finally {
      clearTimeout(timer);
      unlink();
    }
  }

  async call(tool: Tool, call: ToolCall, signal: AbortSignal): Promise<unknown> {
    const args = objectArgument(call);
    if (this.#lost !== undefined) throw this.#callError(call, this.#lost);
    // Without its output schema the client hands the result on as it is, even where it breaks it.
    const { outputSchema: _, ...toolDefinition } = tool;
    try {
      return await this.#client.callTool(
        { name: tool.name, ...(args && { arguments: args }) },
        { signal, timeout: NO_TIMEOUT_MS, toolDefinition },
      );
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (ProtocolError.isInstance(error)) throw error;
      throw this.#callError(call, this.#lost ?? reasonOf(error), error);
    }
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
    // The client writes to standard output where a server without tools is asked for them.
    if (this.#client.getServerCapabilities()?.tools === undefined) return;
    this.tools = (await this.#client.listTools(undefined, { timeout: timeoutMs })).tools;
  }

  #openTransport(): Transport {
    if ('url' in this.#config) {
      this.#http = httpTransport(this.#config);
      return this.#http;
    }
    const transport = processTransport(this.#config, this.#onStderr);
    this.#process = transport.process;
    void transport.process.ended.then((cause) => {
      this.#lost ??= cause;
      transport.onclose?.();
    });
    return transport;
  }

  #startError(error: unknown): CodeModeError {
    const tail = this.#process?.stderrTail ?? '';
    const wrote = tail === '' ? '' : `. The end of its standard error:\n${tail}`;
    const message = `Cannot start tool server "${this.name}": it ${this.#lost ?? reasonOf(error)}`;
    return new CodeModeError('tool_server_failed', message + wrote, { cause: error });
  }

  #callError(call: ToolCall, reason: string, cause?: unknown): CodeModeError {
    const message = `Cannot call ${call.tool}: tool server "${this.name}" ${reason}`;
    return new CodeModeError('tool_server_failed', message, { cause });
  }
}

type ProcessTransport = Transport & { readonly process: ServerProcess };

function processTransport(
  { command, args = [], env, cwd }: McpProcessServer,
  onStderr: (text: string) => void,
): ProcessTransport {
  const what = { command, args, env: { ...getDefaultEnvironment(), ...env }, cwd };
  const transport: ProcessTransport = {
    process: new ServerProcess(what, {
      line: (line) => {
        const message = messageIn(line);
        if (message !== undefined) transport.onmessage?.(message);
      },
      stderr: onStderr,
    }),
    start: async () => {},
    send: (message) => transport.process.send(JSON.stringify(message)),
    close: () => transport.process.close(),
  };
  return transport;
}

/** Undefined for a line that is no message: servers print all kinds of things. */
function messageIn(line: string): JSONRPCMessage | undefined {
  try {
    return deserializeMessage(line);
  } catch {
    return undefined;
  }
}

function httpTransport({ url, headers }: McpHttpServer): StreamableHTTPClientTransport {
  const requestInit = headers === undefined ? {} : { headers };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    if (!isJSONRPCRequest(message)) return send(message, options);
    // The client would wait for ever for the answer to a request whose stream broke off.
    const error = { code: INTERNAL_ERROR, message: 'The connection ended before the answer came' };
    const onRequestStreamEnd = () =>
      transport.onmessage?.({ jsonrpc: '2.0', id: message.id, error });
    return send(message, { ...options, onRequestStreamEnd });
  };
  return transport;
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
