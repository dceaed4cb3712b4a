import { PassThrough } from 'node:stream';
import { Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import type { McpServerConfig } from '../../host/mcp/mcp-config.ts';
import { LazyBackend } from '../../host/mcp-server/lazy-backend.ts';
import { serveStreams } from '../../host/mcp-server/serve-stdio.ts';
import { processSandbox } from '../../sandbox/process/process-sandbox.ts';

/** The protocol eras, and how a client is made to speak each. */
export const ERAS = { legacy: 'legacy', modern: { pin: '2026-07-28' } } as const;
export type Era = keyof typeof ERAS;

/** A client that is connected to a face over streams of this process. */
export interface ConnectedFace extends AsyncDisposable {
  readonly client: Client;
  readonly backend: LazyBackend;
  /** What people were told. */
  readonly messages: readonly string[];
  /** Calls a tool of the face. */
  call(tool: string, args?: Record<string, unknown>, options?: CallOptions): Promise<Answer>;
}

/** What tests look at of an answer. */
export interface Answer {
  readonly header: string;
  readonly texts: readonly string[];
  readonly content: readonly { readonly type: string; readonly [field: string]: unknown }[];
  readonly isError: boolean;
}

type CallOptions = Parameters<Client['callTool']>[1];

/** Connects an official client of one era to a face with these nested servers. */
export async function connectFace(
  era: Era,
  mcpServers: Readonly<Record<string, McpServerConfig>> = {},
  options: ClientOptions = {},
  prepare: (client: Client) => void = () => {},
): Promise<ConnectedFace> {
  const messages: string[] = [];
  const backend = new LazyBackend({
    config: { mcpServers },
    openSandbox: async () => processSandbox(),
    onMessage: (text) => void messages.push(text),
  });
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const served = serveStreams({ stdin, stdout }, backend, '1.2.3');
  const versionNegotiation = { mode: ERAS[era] };
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation, ...options });
  prepare(client);
  await client.connect(new StdioServerTransport(stdout, stdin));
  return {
    client,
    backend,
    messages,
    call: async (name, args = {}, callOptions) =>
      answerOf(await client.callTool({ name, arguments: args }, callOptions)),
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await Promise.all([served.close(), backend.close()]);
    },
  };
}

/** Takes an answer apart: the header, and the texts behind it. */
export function answerOf(result: Awaited<ReturnType<Client['callTool']>>): Answer {
  const content = result.content as unknown as Answer['content'];
  const texts = content.flatMap(({ type, text }) => (type === 'text' ? [String(text)] : []));
  const [header = '', ...others] = texts;
  return { header, texts: others, content, isError: result.isError === true };
}
