import { z } from 'zod';
import { isJsonObject } from '../../src/describe/json-object.ts';
import { type McpServerConfig, parseMcpConfig } from '../mcp/mcp-config.ts';
import { mcpNamespace } from '../mcp/mcp-tool-definitions.ts';
import type { ToolPolicy } from '../mcp/tool-policy.ts';

/** The versions of the protocol whose shapes differ. */
export type AcpVersion = 1 | 2;

/** What is done with the servers that an editor lists. */
export interface FoldedServers {
  /** Positions of the entries that stay with the agent. */
  readonly kept: readonly number[];
  /** Those that programs reach instead, by name. */
  readonly folded: Readonly<Record<string, McpServerConfig>>;
  /** What our entry is called: a name that no other entry has. */
  readonly ownName: string;
  /** Sentences about entries that stay though they should not. */
  readonly warnings: readonly string[];
}

/** How servers are folded. */
export interface FoldingTerms {
  readonly version: AcpVersion;
  /** What our entry should be called. */
  readonly ownName: string;
  /** Names of servers that stay with the agent; `*` for all. */
  readonly keep: ReadonlySet<string>;
  /** Names that programs already reach servers by. */
  readonly taken: Iterable<string>;
  /** Where folded servers run. */
  readonly cwd: string | undefined;
  /** What may be done with the tools of folded servers, by the name of the server; `*` is for all others. */
  readonly policies: ReadonlyMap<string, ToolPolicy>;
  /** Whether a server that could be folded is. Default: each. */
  readonly mayFold?: (name: string, config: McpServerConfig) => boolean;
}

const named = z.array(z.object({ name: z.string(), value: z.string() })).nullish();
const stdioFields = {
  name: z.string(),
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: named,
};
const STDIO = {
  1: z.object({ ...stdioFields, type: z.literal('stdio').optional() }),
  2: z.object({ ...stdioFields, type: z.literal('stdio') }),
} as const;
const HTTP = z.object({
  name: z.string(),
  type: z.literal('http'),
  url: z.string(),
  headers: named,
});

/** Sorts the entries of `mcpServers`. What cannot be read, or not be started by us, stays. */
export function foldServers(entries: readonly unknown[], terms: FoldingTerms): FoldedServers {
  const { keep } = terms;
  const spaces = new Set([...terms.taken].map(mcpNamespace));
  const folded = new Map<string, McpServerConfig>();
  const kept: number[] = [];
  const warnings: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const server = serverOf(entry, terms);
    const mustStay = server === undefined || keep.has('*') || keep.has(server.name);
    if (mustStay || terms.mayFold?.(server.name, server.config) === false) kept.push(index);
    else if (spaces.has(mcpNamespace(server.name))) {
      warnings.push(twice(server.name));
      kept.push(index);
    } else {
      spaces.add(mcpNamespace(server.name));
      folded.set(server.name, server.config);
    }
  }
  const ownName = freeName(terms.ownName, namesOf(entries));
  return { kept, folded: Object.fromEntries(folded), ownName, warnings };
}

/** The entry that starts a server of ours at the agent, in the shape of a version. */
export function stdioEntry(
  version: AcpVersion,
  { name, command, args, env }: { name: string; command: string; args: string[]; env: object },
): object {
  const variables = Object.entries(env).map(([key, value]) => ({ name: key, value }));
  const entry = { name, command, args, env: variables };
  return version === 2 ? { type: 'stdio', ...entry } : entry;
}

/** The entry that tells an agent where a server of ours is, in the shape of every version. */
export function httpEntry(name: string, url: string, headers: Record<string, string>): object {
  const list = Object.entries(headers).map(([key, value]) => ({ name: key, value }));
  return { type: 'http', name, url, headers: list };
}

/** Sentences about policies for servers that are not folded. */
export function idlePolicies(
  policies: ReadonlyMap<string, ToolPolicy>,
  folded: FoldedServers['folded'],
): readonly string[] {
  const idle = [...policies.keys()].filter((name) => name !== '*' && !Object.hasOwn(folded, name));
  return idle.map(
    (name) =>
      `The policy for tool server "${name}" has no effect: the editor lists no server of that name, or it stays with the agent`,
  );
}

function serverOf(entry: unknown, { version, cwd, policies }: FoldingTerms) {
  const read = readEntry(entry, version, cwd);
  if (read === undefined) return undefined;
  try {
    const { mcpServers } = parseMcpConfig({ mcpServers: { [read.name]: read.config } }, 'it', null);
    const config = Object.values(mcpServers)[0];
    const tools = policies.get(read.name) ?? policies.get('*');
    return config && { name: read.name, config: { ...config, ...(tools && { tools }) } };
  } catch {
    return undefined;
  }
}

function readEntry(entry: unknown, version: AcpVersion, cwd: string | undefined) {
  const stdio = STDIO[version].safeParse(entry).data;
  if (stdio !== undefined) {
    const { name, command, args, env } = stdio;
    const config = { command, args: args ?? [], env: valuesOf(env), ...(cwd && { cwd }) };
    return { name, config };
  }
  const http = HTTP.safeParse(entry).data;
  if (http === undefined) return undefined;
  const { name, url, headers } = http;
  return { name, config: { url, headers: valuesOf(headers) } };
}

function valuesOf(list: z.infer<typeof named>): Record<string, string> {
  return Object.fromEntries((list ?? []).map(({ name, value }) => [name, value]));
}

function namesOf(entries: readonly unknown[]): ReadonlySet<unknown> {
  return new Set(entries.map((entry) => (isJsonObject(entry) ? entry.name : undefined)));
}

function freeName(wanted: string, names: ReadonlySet<unknown>): string {
  let name = wanted;
  for (let number = 2; names.has(name); number += 1) name = `${wanted}_${number}`;
  return name;
}

function twice(name: string): string {
  return `Tool server "${name}" stays with the agent: its tools would have the names of another's`;
}
