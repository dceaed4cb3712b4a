import type { Tool } from '@modelcontextprotocol/server';
import type { GuestGlobals, Sandbox } from '../../src/sandbox.ts';
import type { McpConfig } from '../mcp/mcp-config.ts';
import type { Backend } from './backend.ts';
import { askingClient, type CallGuard } from './call-guard.ts';
import { instructionsFor, ownTools, reachOf, widest } from './own-tools.ts';

/** What a backend is made of, once it is needed. */
export interface LazyBackendOptions {
  readonly config: McpConfig;
  readonly openSandbox: () => Promise<Sandbox>;
  /** Which globals programs have. Default: `standard`. */
  readonly globals?: GuestGlobals;
  /** Decides about the calls of nested tools. Default: the client is asked where a policy says so. */
  readonly guard?: CallGuard;
  /** Hears what people should know; never a protocol message. */
  readonly onMessage: (text: string) => void;
}

/**
 * The backend of all sessions. It is loaded behind the first list of tools: a client that only asks
 * who we are costs nothing, and nobody waits for it but programs.
 */
export class LazyBackend implements AsyncDisposable {
  readonly #options: LazyBackendOptions;
  #loading: Promise<Backend> | undefined;
  #loaded: Backend | undefined;
  #listed: string | undefined;
  #isAnnouncing = false;
  #isClosed = false;
  /** Called when `tools` says something else than the last client was told. */
  onToolsChanged: () => void = () => {};
  /** Called when nested servers may have other resources and prompts, if clients get them. */
  onServersChanged: () => void = () => {};

  constructor(options: LazyBackendOptions) {
    this.#options = options;
  }

  /** The backend, if it is loaded. */
  get loaded(): Backend | undefined {
    return this.#loaded;
  }

  /** Decides about the calls of nested tools. */
  get guard(): CallGuard {
    return this.#options.guard ?? askingClient;
  }

  /** Whether clients also get what nested servers have: a policy has `direct`. */
  get isDirect(): boolean {
    const servers = Object.values(this.#options.config.mcpServers);
    return servers.some(({ tools }) => (tools?.direct?.length ?? 0) > 0);
  }

  /** What clients are told once. */
  get instructions(): string {
    return instructionsFor(Object.keys(this.#options.config.mcpServers));
  }

  /** The tools that clients are listed, from what is known now. Begins to load the backend. */
  tools(): readonly Tool[] {
    const tools = this.#ownTools();
    this.#listed = JSON.stringify(tools);
    setImmediate(() => void this.load().catch(() => {}));
    return tools;
  }

  /** Loads the backend and starts the nested servers. @throws What the sandbox fails with. */
  load(): Promise<Backend> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Ends everything. Safe to call twice, and while it loads. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const backend = await this.#loading?.catch(() => undefined);
    await backend?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #load(): Promise<Backend> {
    if (this.#isClosed) throw new Error('Cannot run programs: the server is closing');
    const { config, openSandbox, onMessage } = this.#options;
    const [{ Backend }, sandbox] = await Promise.all([import('./backend.ts'), openSandbox()]);
    const onChanged = () => this.#announceSoon();
    const { guard } = this;
    const globals = this.#globals;
    this.#loaded = new Backend({ config, sandbox, globals, guard, onChanged, onMessage });
    return this.#loaded;
  }

  get #globals(): GuestGlobals {
    return this.#options.globals ?? 'standard';
  }

  #ownTools(): readonly Tool[] {
    if (this.#loaded !== undefined) return ownTools(this.#loaded.known, this.#globals);
    const names = Object.keys(this.#options.config.mcpServers);
    const reach = widest(names.map(() => reachOf(undefined)));
    return ownTools({ definitions: [], servers: [], reach, direct: [] }, this.#globals);
  }

  /** Servers come up one by one: what changes in one turn is announced once. */
  #announceSoon(): void {
    if (this.#isAnnouncing || this.#isClosed) return;
    this.#isAnnouncing = true;
    setImmediate(() => {
      this.#isAnnouncing = false;
      if (this.#isClosed) return;
      if (this.isDirect) this.onServersChanged();
      if (this.#listed === undefined) return;
      const tools = JSON.stringify(this.#ownTools());
      if (tools === this.#listed) return;
      this.#listed = tools;
      this.onToolsChanged();
    });
  }
}
