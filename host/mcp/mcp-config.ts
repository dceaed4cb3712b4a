import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { CodeModeError, messageOf } from '../../src/errors.ts';
import { fileProblem } from '../io/file-problem.ts';
import { type Variables, withVariables } from './config-variables.ts';
import { type ToolPolicy, toolPolicy } from './tool-policy.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

const text = z
  .string()
  .refine((value) => !value.includes('\0'), 'must not contain a NUL character');

const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const timeoutProblem = `must be a whole number of milliseconds from 1 to ${MAX_TIMEOUT_MS}`;
const startTimeoutMs = z
  .int(timeoutProblem)
  .min(1, timeoutProblem)
  .max(MAX_TIMEOUT_MS, timeoutProblem)
  .optional();

const processServer = z.object({
  command: text.min(1, 'must not be empty'),
  args: z.array(text).optional(),
  env: z.record(text, text).optional(),
  cwd: text.min(1, 'must not be empty').optional(),
  startTimeoutMs,
  tools: toolPolicy.optional(),
});

const httpServer = z.object({
  url: z.url({ protocol: /^https?$/, error: 'must be an http: or https: URL' }),
  headers: z.record(z.string(), z.string()).optional(),
  type: z
    .string()
    .regex(/^(streamable[-_]?)?http$/i, 'must be "http": only Streamable HTTP is supported')
    .optional(),
  startTimeoutMs,
  tools: toolPolicy.optional(),
});

/** The fields in which environment variables are filled in. */
const VARIABLE_FIELDS = ['command', 'args', 'env', 'url', 'headers'] as const;

const policyAlone = z.object({ tools: toolPolicy });

/** Read first: of a server that is disabled, nothing else has to be right. */
const switchedServer = z.object({ disabled: z.boolean().optional() });

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

/**
 * One entry of `mcpServers`. A relative `command` with a slash is looked up from `cwd`. The tools must be
 * listed within `startTimeoutMs`; default: as the caller says, or 30,000.
 */
export type McpServerConfig = McpProcessServer | McpHttpServer;

/** Tool servers by name, in the form that MCP clients share. */
export interface McpConfig {
  readonly mcpServers: Readonly<Record<string, McpServerConfig>>;
}

/** Servers, and what may be done with the tools of servers that somebody else lists. */
export interface McpConfigWithPolicies extends McpConfig {
  /** By the name of the server; `*` is for all others. */
  readonly policies: ReadonlyMap<string, ToolPolicy>;
}

/**
 * Reads a configuration file of at most 1 MiB. Fields it does not know are ignored, except in a policy for tools.
 * Servers that are `disabled` are left out, and environment variables are filled in; see `parseMcpConfig`.
 *
 * @throws `invalid_config`, with the file, the path of the wrong field, and what is wrong with it.
 */
export async function readMcpConfig(path: string): Promise<McpConfig> {
  return parseMcpConfig(parseJson(await readText(path), path), path);
}

/**
 * Reads a file like `readMcpConfig` whose entries may also have `tools` alone.
 *
 * @throws As `readMcpConfig`.
 */
export async function readMcpConfigWithPolicies(path: string): Promise<McpConfigWithPolicies> {
  const value = parseJson(await readText(path), path);
  const policies = new Map<string, ToolPolicy>();
  const take = (name: string, entry: Entry) => {
    if (hasCommand(entry) || hasUrl(entry) || entry.tools === undefined) return false;
    policies.set(name, check(policyAlone, entry, ['mcpServers', name], path).tools);
    return true;
  };
  return { ...parseServers(value, path, process.env, take), policies };
}

/**
 * Checks a configuration that was read from somewhere, and leaves out its servers that are `disabled`.
 *
 * `${NAME}` and `${NAME:-default}` in `command`, `args`, `env`, `url` and `headers` become the value of
 * that variable; the default also stands for an empty one.
 *
 * @param origin Where it comes from, for messages.
 * @param variables Default: the environment of this process. Null leaves all texts as they are.
 * @throws `invalid_config`, also for a variable that is not set and has no default.
 */
export function parseMcpConfig(
  value: unknown,
  origin: string,
  variables: Variables | null = process.env,
): McpConfig {
  return parseServers(value, origin, variables, () => false);
}

/** @param take Takes an entry that is no server, by returning true. */
function parseServers(
  value: unknown,
  origin: string,
  variables: Variables | null,
  take: (name: string, entry: Entry) => boolean,
): McpConfig {
  const { mcpServers } = check(configFile, value, [], origin);
  const servers = Object.entries(mcpServers).flatMap(([name, entry]) => {
    const path = ['mcpServers', name];
    if (check(switchedServer, entry, path, origin).disabled || take(name, entry)) return [];
    const filled = variables === null ? entry : filledIn(entry, variables, path, origin);
    return [[name, parseServer(filled, path, origin)] as const];
  });
  return { mcpServers: Object.fromEntries(servers) };
}

type Entry = Readonly<Record<string, unknown>>;

/** Fills the variables in. What is not a text is left for the check that follows. */
function filledIn(
  entry: Entry,
  variables: Variables,
  path: readonly PropertyKey[],
  origin: string,
): Entry {
  const fill = (value: unknown, place: readonly PropertyKey[]): unknown => {
    if (typeof value === 'string') {
      const filled = withVariables(value, variables);
      if ('problem' in filled) throw wrong(origin, [...path, ...place], filled.problem);
      return filled.text;
    }
    if (typeof value !== 'object' || value === null || place.length > 1) return value;
    if (Array.isArray(value)) return value.map((each, at) => fill(each, [...place, at]));
    const fields = Object.entries(value);
    return Object.fromEntries(fields.map(([key, each]) => [key, fill(each, [...place, key])]));
  };
  const known = VARIABLE_FIELDS.filter((field) => field in entry);
  return {
    ...entry,
    ...Object.fromEntries(known.map((each) => [each, fill(entry[each], [each])])),
  };
}

function parseServer(entry: Entry, path: readonly string[], origin: string): McpServerConfig {
  const isProcess = hasCommand(entry);
  if (isProcess === hasUrl(entry)) {
    const problem = isProcess
      ? 'has both `command` and `url`, it must have one of them'
      : 'has neither `command` nor `url`, it must have one of them';
    throw wrong(origin, path, problem);
  }
  return isProcess
    ? check(processServer, entry, path, origin)
    : check(httpServer, entry, path, origin);
}

function hasCommand(entry: Entry): boolean {
  return entry.command !== undefined;
}

function hasUrl(entry: Entry): boolean {
  return entry.url !== undefined;
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
    const reason = messageOf(error);
    throw new CodeModeError('invalid_config', `Cannot use ${path}: it is not JSON: ${reason}`, {
      cause: error,
    });
  }
}
