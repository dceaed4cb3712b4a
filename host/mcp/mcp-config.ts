import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { CodeModeError } from '../../src/errors.ts';
import { fileProblem } from '../io/file-problem.ts';
import { toolPolicy } from './tool-policy.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

const text = z
  .string()
  .refine((value) => !value.includes('\0'), 'must not contain a NUL character');

const processServer = z.object({
  command: text.min(1, 'must not be empty'),
  args: z.array(text).optional(),
  env: z.record(text, text).optional(),
  cwd: text.min(1, 'must not be empty').optional(),
  tools: toolPolicy.optional(),
});

const httpServer = z.object({
  url: z.url({ protocol: /^https?$/, error: 'must be an http: or https: URL' }),
  headers: z.record(z.string(), z.string()).optional(),
  type: z
    .string()
    .regex(/^(streamable[-_]?)?http$/i, 'must be "http": only Streamable HTTP is supported')
    .optional(),
  tools: toolPolicy.optional(),
});

const configFile = z.object({
  mcpServers: z.record(
    z.string().refine((name) => name.trim() !== '', 'must not be blank'),
    z.record(z.string(), z.unknown()),
  ),
});

/** A tool server that runs as a process of ours and talks over its standard streams. */
export type McpProcessServer = Readonly<z.infer<typeof processServer>>;

/** A tool server that runs elsewhere. */
export type McpHttpServer = Readonly<z.infer<typeof httpServer>>;

/** One entry of `mcpServers`. A relative `command` with a slash is looked up from `cwd`. */
export type McpServerConfig = McpProcessServer | McpHttpServer;

/** Tool servers by name, in the form that MCP clients share. */
export interface McpConfig {
  readonly mcpServers: Readonly<Record<string, McpServerConfig>>;
}

/**
 * Reads a configuration file of at most 1 MiB. Fields it does not know are ignored, except in a policy for tools.
 *
 * @throws `invalid_config`, with the file, the path of the wrong field, and what is wrong with it.
 */
export async function readMcpConfig(path: string): Promise<McpConfig> {
  return parseMcpConfig(parseJson(await readText(path), path), path);
}

/**
 * Checks a configuration that was read from somewhere.
 *
 * @param origin Where it comes from, for messages.
 * @throws `invalid_config`.
 */
export function parseMcpConfig(value: unknown, origin: string): McpConfig {
  const { mcpServers } = check(configFile, value, [], origin);
  const servers = Object.entries(mcpServers).map(
    ([name, entry]) => [name, parseServer(entry, ['mcpServers', name], origin)] as const,
  );
  return { mcpServers: Object.fromEntries(servers) };
}

function parseServer(
  entry: Readonly<Record<string, unknown>>,
  path: readonly string[],
  origin: string,
): McpServerConfig {
  const hasCommand = entry.command !== undefined;
  const hasUrl = entry.url !== undefined;
  if (hasCommand === hasUrl) {
    const problem = hasCommand
      ? 'has both `command` and `url`, it must have one of them'
      : 'has neither `command` nor `url`, it must have one of them';
    throw wrong(origin, path, problem);
  }
  return hasCommand
    ? check(processServer, entry, path, origin)
    : check(httpServer, entry, path, origin);
}

function check<T>(
  schema: z.ZodType<T>,
  value: unknown,
  path: readonly string[],
  origin: string,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const reason = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  throw wrong(origin, [...path, ...issue.path], reason ?? issue.message);
}

function wrong(origin: string, path: readonly PropertyKey[], problem: string): CodeModeError {
  const field = path.length === 0 ? 'the whole file' : path.map(pathStep).join('').slice(1);
  return new CodeModeError('invalid_config', `Cannot use ${origin}: ${field}: ${problem}`);
}

function pathStep(step: PropertyKey): string {
  if (typeof step === 'number') return `[${step}]`;
  const key = String(step);
  return /^[\w$-]+$/.test(key) ? `.${key}` : `.${JSON.stringify(key)}`;
}

async function readText(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of createReadStream(path, { end: MAX_CONFIG_BYTES })) {
      chunks.push(chunk);
      size += chunk.length;
    }
  } catch (error) {
    throw new CodeModeError('invalid_config', `Cannot read ${path}: ${fileProblem(error)}`, {
      cause: error,
    });
  }
  if (size > MAX_CONFIG_BYTES) {
    throw new CodeModeError('invalid_config', `Cannot read ${path}: it is larger than 1 MiB`);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function parseJson(source: string, path: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodeModeError('invalid_config', `Cannot use ${path}: it is not JSON: ${reason}`, {
      cause: error,
    });
  }
}
