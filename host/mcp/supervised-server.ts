import type { Tool } from '@modelcontextprotocol/client';
import type { ToolCall } from '../../src/delegate.ts';
import { Cancelled, CodeModeError } from '../../src/errors.ts';
import type { McpServerConfig } from './mcp-config.ts';
import type { ToolPolicy } from './tool-policy.ts';
import { type CallListeners, ToolServer } from './tool-server.ts';

/** The wait before the first restart, in milliseconds; twice as long before each that follows. */
const FIRST_RESTART_MS = 100;
/** The longest wait before a restart. A server that stayed up that long starts at the first again. */
const MOST_RESTART_MS = 30_000;

/** How a supervised server is run, and who hears of it. */
export interface SupervisedServerOptions {
  /** How long a start may take, in milliseconds, unless the server's configuration says it. */
  readonly startTimeoutMs: number;
  /** Called when the server came up, went down, or changed what it offers. */
  readonly onChanged: () => void;
  /** Hears what the server writes to standard error. */
  readonly onStderr: (text: string) => void;
}

/**
 * A tool server that is started again when it fails: after 0.1 s, then twice as long each time, up to
 * 30 s. While it is down its tools are still listed, and calls fail with `tool_server_failed`.
 */
export class SupervisedServer implements AsyncDisposable {
  readonly name: string;
  readonly #config: McpServerConfig;
  readonly #options: SupervisedServerOptions;
  readonly #closing = new AbortController();
  readonly #settled = Promise.withResolvers<void>();
  #tools: readonly Tool[] = [];
  #current: ToolServer | undefined;
  #attempt: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #problem: string | undefined = 'is still starting';
  #isSettled = false;
  #failures = 0;
  #upSince = 0;

  constructor(name: string, config: McpServerConfig, options: SupervisedServerOptions) {
    this.name = name;
    this.#config = config;
    this.#options = options;
  }

  /** What may be done with its tools. */
  get policy(): ToolPolicy | undefined {
    return this.#config.tools;
  }

  /** The tools it listed last. */
  get tools(): readonly Tool[] {
    return this.#tools;
  }

  /** Why it cannot be called now, such as `exited with code 3`; undefined if it can be. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The server itself while it is up. */
  get current(): ToolServer | undefined {
    return this.#current;
  }

  /** Whether the first start has succeeded or failed. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Resolves when the first start has succeeded or failed. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Starts it. Has no effect the second time. */
  start(): void {
    this.#attempt ??= this.#run();
  }

  /** As `ToolServer.call`; fails with `tool_server_failed` while the server is down. */
  async call(
    tool: Tool,
    call: ToolCall,
    signal: AbortSignal,
    listeners?: CallListeners,
  ): Promise<unknown> {
    if (this.#current !== undefined) return this.#current.call(tool, call, signal, listeners);
    const message = `Cannot call ${call.tool}: tool server "${this.name}" ${this.#problem}`;
    throw new CodeModeError('tool_server_failed', message);
  }

  /** Ends it for good. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing.abort(new Cancelled('shutdown'));
    clearTimeout(this.#timer);
    this.#problem = 'is closed';
    this.#settle();
    const current = this.#current;
    this.#current = undefined;
    await Promise.all([current?.close(), this.#attempt]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const { startTimeoutMs, onStderr } = this.#options;
    const server: ToolServer = new ToolServer(this.name, this.#config, {
      onStderr,
      onLost: () => this.#onLost(server),
      onChanged: () => void this.#refresh(server),
      mayAsk: true,
    });
    try {
      await server.start({ signal, startTimeoutMs });
      // It may have ended in the tick in which it was ready.
      if (server.lost !== undefined) throw new Error(server.lost);
    } catch {
      const problem = server.lost ?? 'is gone';
      await closed(server);
      this.#restartLater(problem);
      return;
    } finally {
      this.#settle();
    }
    if (signal.aborted) return closed(server);
    this.#current = server;
    this.#tools = server.tools;
    this.#problem = undefined;
    this.#upSince = performance.now();
    this.#options.onChanged();
  }

  #settle(): void {
    this.#isSettled = true;
    this.#settled.resolve();
  }

  #onLost(server: ToolServer): void {
    if (this.#current !== server) return;
    this.#current = undefined;
    if (performance.now() - this.#upSince >= MOST_RESTART_MS) this.#failures = 0;
    // Nothing more comes of it, but over HTTP its connections are still there.
    void closed(server);
    this.#restartLater(server.lost ?? 'is gone');
  }

  #restartLater(problem: string): void {
    if (this.#closing.signal.aborted) return;
    this.#problem = problem;
    const delay = Math.min(FIRST_RESTART_MS * 2 ** Math.min(this.#failures, 16), MOST_RESTART_MS);
    this.#failures += 1;
    this.#timer = setTimeout(() => {
      this.#attempt = this.#run();
    }, delay).unref();
    this.#options.onChanged();
  }

  async #refresh(server: ToolServer): Promise<void> {
    if (this.#current !== server) return;
    // A server that cannot list its tools any more keeps those that it listed before.
    await server.refresh().catch(() => {});
    if (this.#current !== server) return;
    this.#tools = server.tools;
    this.#options.onChanged();
  }
}

/** Resolves when a server is closed. What fails then is of no use to anybody. */
async function closed(server: ToolServer): Promise<void> {
  await server.close().catch(() => {});
}
