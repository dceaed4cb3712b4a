import {
  type CompleteRequest,
  type CompleteResult,
  type GetPromptRequest,
  type GetPromptResult,
  type Prompt,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
  ResourceNotFoundError,
  type ResourceTemplateType,
} from '@modelcontextprotocol/server';
import { NO_TIMEOUT_MS } from '../mcp/no-timeout.ts';
import type { SupervisedServer } from '../mcp/supervised-server.ts';
import type { Ask, ToolServer } from '../mcp/tool-server.ts';
import { askingAs } from './approval.ts';

/** How long a server may take for a list, in milliseconds. One that takes longer is left out. */
const LIST_TIMEOUT_MS = 10_000;

type Client = ToolServer['client'];
type Capability = 'resources' | 'prompts' | 'completions';

/** Resources and prompts of the servers whose policy has `direct`, as far as they are up. */
export class DirectServers {
  readonly #servers: readonly SupervisedServer[];

  constructor(servers: readonly SupervisedServer[]) {
    this.#servers = servers.filter(({ policy }) => (policy?.direct?.length ?? 0) > 0);
  }

  /** Of two resources with the same address, the first stays. */
  async resources(): Promise<Resource[]> {
    const lists = await this.#fromAll('resources', async (client, timeout) => {
      return (await client.listResources(undefined, { timeout })).resources;
    });
    return distinct(lists.flat(), ({ uri }) => uri);
  }

  async resourceTemplates(): Promise<ResourceTemplateType[]> {
    const lists = await this.#fromAll('resources', async (client, timeout) => {
      return (await client.listResourceTemplates(undefined, { timeout })).resourceTemplates;
    });
    return distinct(lists.flat(), ({ uriTemplate }) => uriTemplate);
  }

  /** Reads a resource at the first server that has it. @throws ResourceNotFoundError. */
  async read(uri: string, ask: Ask | undefined, signal: AbortSignal): Promise<ReadResourceResult> {
    for (const server of this.#with('resources')) {
      try {
        const options = { signal, timeout: NO_TIMEOUT_MS };
        return await server.asking(askingAs(server, ask), (client) =>
          client.readResource({ uri }, options),
        );
      } catch (error) {
        signal.throwIfAborted();
        // Which server has an address that only a template matches can only be tried.
        if (codeOf(error) === undefined) throw error;
      }
    }
    throw new ResourceNotFoundError(uri);
  }

  /** The prompts under the names that clients know, as for tools. */
  async prompts(): Promise<Prompt[]> {
    return [...(await this.#promptRoutes())].map(([name, { prompt }]) => ({ ...prompt, name }));
  }

  /** Gets a prompt by the name that clients know. @throws ProtocolError. */
  async prompt(
    { name, arguments: args }: GetPromptRequest['params'],
    ask: Ask | undefined,
    signal: AbortSignal,
  ): Promise<GetPromptResult> {
    const { server, prompt } = await this.#promptRoute(name);
    const params = { name: prompt.name, ...(args && { arguments: args }) };
    const options = { signal, timeout: NO_TIMEOUT_MS };
    return await server.asking(askingAs(server, ask), (client) =>
      client.getPrompt(params, options),
    );
  }

  /** Completes an argument of a prompt or a resource template. */
  async complete(params: CompleteRequest['params'], signal: AbortSignal): Promise<CompleteResult> {
    const { ref } = params;
    if (ref.type === 'ref/prompt') {
      const { server, prompt } = await this.#promptRoute(ref.name);
      const own = { ...params, ref: { ...ref, name: prompt.name } };
      return await passingErrors(server.client.complete(own, { signal }));
    }
    for (const { client } of this.#with('completions')) {
      const { resourceTemplates } = await client.listResourceTemplates();
      if (!resourceTemplates.some(({ uriTemplate }) => uriTemplate === ref.uri)) continue;
      return await passingErrors(client.complete(params, { signal }));
    }
    return { completion: { values: [] } };
  }

  async #promptRoute(name: string) {
    const route = (await this.#promptRoutes()).get(name);
    if (route !== undefined) return route;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Prompt ${name} not found`);
  }

  async #promptRoutes() {
    const lists = await this.#fromAll('prompts', async (client, timeout, server) => {
      const { prompts } = await client.listPrompts(undefined, { timeout });
      return prompts.map((prompt) => ({ prompt, server }));
    });
    const all = lists.flat();
    const isShared = (name: string) => all.filter(({ prompt }) => prompt.name === name).length > 1;
    const named = all.map((route) => {
      const { name } = route.prompt;
      return [isShared(name) ? `${route.server.name}__${name}` : name, route] as const;
    });
    return new Map(distinct(named, ([name]) => name));
  }

  /** The servers that are up and can do this. */
  #with(capability: Capability): readonly ToolServer[] {
    return this.#servers.flatMap(({ current }) =>
      current?.client.getServerCapabilities()?.[capability] === undefined ? [] : [current],
    );
  }

  /** What each server that is up says; one that fails is left out. */
  async #fromAll<T>(
    capability: Capability,
    list: (client: Client, timeout: number, server: ToolServer) => Promise<T>,
  ): Promise<readonly T[]> {
    const asked = this.#with(capability).map((server) =>
      list(server.client, LIST_TIMEOUT_MS, server),
    );
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }
}

/** Rejects with what a nested server refused, so that a client gets it as it was. */
async function passingErrors<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw passable(error);
  }
}

/** An error of a nested server, as one of ours with the same code, message and data. */
export function passable(error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined || !(error instanceof Error)) return error;
  return new ProtocolError(code, error.message, 'data' in error ? error.data : undefined);
}

/** The code of a protocol error; undefined for any other. */
function codeOf(error: unknown): number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}

function distinct<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const seen = new Map<string, T>();
  for (const item of items) if (!seen.has(keyOf(item))) seen.set(keyOf(item), item);
  return [...seen.values()];
}
