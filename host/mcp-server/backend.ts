import type { ToolCall } from '../../src/delegate.ts';
import { CodeModeError } from '../../src/errors.ts';
import type { GuestGlobals, Sandbox } from '../../src/sandbox.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { McpConfig } from '../mcp/mcp-config.ts';
import { NestedServers, type NestedTool } from '../mcp/nested-servers.ts';
import type { Ask } from '../mcp/tool-server.ts';
import type { CallGuard, CallOrigin } from './call-guard.ts';
import { CellOutputs, outputKey } from './cell-outputs.ts';
import { CodeSession } from './code-session.ts';
import { DirectServers } from './direct-servers.ts';
import { directTools } from './direct-tools.ts';
import { callGuestTool, GUEST_TOOLS, isGuestTool } from './guest-tools.ts';
import { type KnownTools, reachOf, widest } from './own-tools.ts';
import { ToolIndex } from './tool-index.ts';

/** What a backend is made of. */
export interface BackendOptions {
  readonly config: McpConfig;
  readonly sandbox: Sandbox;
  readonly globals: GuestGlobals;
  readonly guard: CallGuard;
  /** Called when the tools or the state of a nested server changed. */
  readonly onChanged: () => void;
  /** Hears what people should know; never a protocol message. */
  readonly onMessage: (text: string) => void;
}

/** The tools as they are at one moment, with what is made from them. */
interface ToolSet {
  readonly nested: ReadonlyMap<string, NestedTool>;
  readonly definitions: readonly ToolDefinition[];
  readonly index: ToolIndex;
  /** Those that clients call themselves, by the names that clients know. */
  readonly direct: ReadonlyMap<string, NestedTool>;
}

/** All that outlives a request: nested servers, the sandbox, the tools, and what cells wrote. */
export class Backend implements AsyncDisposable {
  readonly nested: NestedServers;
  /** Resources and prompts of the servers that clients reach directly. */
  readonly directServers: DirectServers;
  readonly outputs = new CellOutputs();
  readonly #sandbox: Sandbox;
  readonly #globals: GuestGlobals;
  readonly #guard: CallGuard;
  #tools: ToolSet | undefined;

  /** Starts the nested servers. */
  constructor({ config, sandbox, globals, guard, onChanged, onMessage }: BackendOptions) {
    this.#sandbox = sandbox;
    this.#globals = globals;
    this.#guard = guard;
    this.nested = new NestedServers(config, { onChanged, onMessage });
    this.directServers = new DirectServers(this.nested.servers);
    this.nested.start();
  }

  /** What is known of the tools now. Until a server has settled, its tools may do anything. */
  get known(): KnownTools {
    const { nested, direct } = this.#toolSet();
    const unasked = [...nested.values()].filter(({ rule }) => !rule.mustAsk);
    const reach = widest(unasked.map(({ tool }) => reachOf(tool.annotations)));
    const isComplete = this.nested.servers.every((server) => server.isSettled);
    return {
      definitions: [...nested.values()].map(({ definition }) => definition),
      servers: this.nested.servers.map((server) => ({
        name: server.name,
        tools: [...nested.values()].filter((route) => route.server === server).length,
      })),
      reach: isComplete ? reach : widest([reach, reachOf(undefined)]),
      direct: [...direct].map(([name, { tool }]) => ({ ...tool, name })),
    };
  }

  /** The tools that clients call themselves, by the names that clients know. */
  get direct(): ReadonlyMap<string, NestedTool> {
    return this.#toolSet().direct;
  }

  /** A sentence about each nested server that is not there. */
  get problems(): readonly string[] {
    return this.nested.servers.flatMap(({ name, problem }) =>
      problem === undefined ? [] : [`Tool server "${name}" is missing: it ${problem}`],
    );
  }

  /**
   * Opens a session.
   *
   * @param key Names it; of two open sessions no key begins with the other's.
   * @param publicId What clients know a cell by.
   */
  openSession(key: string, publicId: (cellId: string) => string): CodeSession {
    return new CodeSession({
      sandbox: this.#sandbox,
      globals: this.#globals,
      tools: () => this.#toolSet().definitions,
      callTool: (...called) => this.#call(key, ...called),
      publicId,
      onOutput: (cellId, items) => this.outputs.add(outputKey(key, cellId), items),
    });
  }

  /** Ends the nested servers and everything that runs. Safe to call twice. */
  async close(): Promise<void> {
    await Promise.all([this.nested.close(), this.#sandbox.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #toolSet(): ToolSet {
    const { tools: nested } = this.nested;
    if (this.#tools?.nested !== nested) {
      const servers = [...nested.values()].map(({ definition }) => definition);
      const definitions = [...servers, ...GUEST_TOOLS];
      const direct = directTools(nested.values());
      this.#tools = { nested, definitions, index: new ToolIndex(definitions), direct };
    }
    return this.#tools!;
  }

  async #call(
    key: string,
    call: ToolCall,
    signal: AbortSignal,
    ask: Ask | undefined,
    origin: CallOrigin,
  ): Promise<unknown> {
    const { index, nested } = this.#toolSet();
    if (isGuestTool(call)) {
      return callGuestTool(call, {
        index,
        output: (cellId, from, to) => this.outputs.part(outputKey(key, cellId), from, to),
      });
    }
    const route = nested.get(call.tool);
    try {
      if (route === undefined) return await this.nested.call(call, signal);
      return await this.#guard({ call, route, origin, ask }, signal, (serverAsk) =>
        this.nested.call(call, signal, { ask: serverAsk }),
      );
    } catch (error) {
      throw error instanceof CodeModeError ? withCode(error) : error;
    }
  }
}

/** A program sees the message alone, so it says the code, too. */
function withCode(error: CodeModeError): CodeModeError {
  return new CodeModeError(error.code, `${error.code}: ${error.message}`, { cause: error });
}
