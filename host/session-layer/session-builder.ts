import { CodeModeError } from '../../src/errors.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { McpServerConfig } from '../mcp/mcp-config.ts';
import type { McpTools } from '../mcp/mcp-tools.ts';
import type { RemoteSessionOptions } from '../remote/open-remote-session.ts';
import { ActiveSession } from './active-session.ts';
import { checkPlace, createSession, type SessionPlace } from './create-session.ts';
import { PreparedSession } from './prepared-session.ts';
import type { ProxiedSession } from './proxied-session.ts';
import type { ProxyTarget } from './proxy.ts';
import { SessionFeed } from './session-feed.ts';
import { SessionTools, type ToolHandler } from './session-tools.ts';
import { UpdateReader } from './update-reader.ts';

/** Where and how a session runs. */
export type SessionSetup = SessionPlace & Omit<RemoteSessionOptions, 'delegate' | 'tools'>;

/** Called with a session that has just started, before the caller gets it. */
export type OnSessionStart = (session: ActiveSession) => Promise<void> | void;

/** Configures a session. Nothing is sent or started before a method that starts it. */
export class SessionBuilder {
  readonly #setup: SessionSetup;
  readonly #tools = new SessionTools();
  readonly #servers: Record<string, McpServerConfig> = {};
  readonly #onStart: OnSessionStart[] = [];

  /** @throws `invalid_argument`, like `createSession`. */
  constructor(setup: SessionSetup) {
    checkPlace(setup);
    this.#setup = setup;
  }

  /** Adds a tool. @throws `invalid_argument` if the name is taken. */
  withTool(definition: ToolDefinition, handler: ToolHandler): this {
    this.#tools.add(definition, handler);
    return this;
  }

  /**
   * Adds the tools of an MCP server. The server is started and lists its tools before the session is
   * created. It is stopped with the session.
   *
   * @throws `invalid_argument` if the name is taken.
   */
  withMcpServer(name: string, config: McpServerConfig): this {
    if (Object.hasOwn(this.#servers, name)) {
      const text = `Cannot add the tool server ${name}: that name is taken`;
      throw new CodeModeError('invalid_argument', text);
    }
    this.#servers[name] = config;
    return this;
  }

  /**
   * Calls `callback` with the session when it starts, and waits for it. The callback may run prompts
   * and read updates. If it throws, the session is closed and the start fails with its error.
   */
  onSessionStart(callback: OnSessionStart): this {
    this.#onStart.push(callback);
    return this;
  }

  /** A session with the present configuration, to subscribe to before it starts. */
  prepare(): PreparedSession {
    return new PreparedSession((reader) => this.#start(reader));
  }

  /** Starts the session. @throws Like `createSession`; `tool_server_failed`; what a callback threw. */
  start(): Promise<ActiveSession> {
    return this.#start(new UpdateReader());
  }

  /** Starts the session, runs `work` with it, and closes it. @throws Like `start`; what `work` threw. */
  async runUntil<T>(work: (session: ActiveSession) => Promise<T> | T): Promise<T> {
    await using session = await this.start();
    return await work(session);
  }

  /**
   * Starts the session on behalf of another owner: `target` gets the updates that `onSessionStart` did
   * not read, and all later ones. Tools that were added here keep their handlers.
   *
   * @returns The session for its new owner. Closing it stops the tool servers too.
   * @throws Like `start`.
   */
  async startProxy(target: ProxyTarget): Promise<ProxiedSession> {
    const session = await this.start();
    return session.proxyRemainingMessages(target);
  }

  async #start(reader: UpdateReader): Promise<ActiveSession> {
    const { signal } = this.#setup;
    signal?.throwIfAborted();
    const tools = this.#tools.copy();
    const onStart = [...this.#onStart];
    const mcp = await connectServers(this.#servers, signal);
    try {
      for (const definition of mcp?.tools ?? []) {
        tools.add(definition, (call, wanted) => mcp!.invokeTool(call, wanted));
      }
      const feed = new SessionFeed(tools, reader.sink);
      const config = { ...this.#setup, delegate: feed, tools: tools.definitions };
      const created = await createSession(config);
      const release = async () => mcp?.close();
      const session = new ActiveSession({ created, feed, reader, tools, release });
      await runCallbacks(onStart, session);
      return session;
    } catch (error) {
      await mcp?.close();
      throw error;
    }
  }
}

async function runCallbacks(callbacks: readonly OnSessionStart[], session: ActiveSession) {
  try {
    for (const callback of callbacks) await callback(session);
  } catch (error) {
    await session.close().catch(() => {});
    throw error;
  }
}

/** The MCP client takes long to load, so it is loaded only if there are MCP servers. */
async function connectServers(
  mcpServers: Readonly<Record<string, McpServerConfig>>,
  signal: AbortSignal | undefined,
): Promise<McpTools | undefined> {
  if (Object.keys(mcpServers).length === 0) return undefined;
  const { connectMcpTools } = await import('../mcp/mcp-tools.ts');
  return connectMcpTools({ mcpServers }, signal === undefined ? {} : { signal });
}
