import { JsonText } from '../../../src/delegate.ts';
import { CodeModeError, messageOf } from '../../../src/errors.ts';
import { DEFAULT_OBSERVE } from '../../../src/runtime/observe-mode.ts';
import type { ExecuteRequest as CellRequest, ObserveMode } from '../../../src/session.ts';
import type { ToolName as Name, ToolDefinition as Tool } from '../../../src/tools.ts';
import { withSchemas } from '../../core/carried-schemas.ts';
import { REQUEST_LIMITS } from '../../core/request-limits.ts';
import type { SessionTerms } from '../../core/session-table.ts';
import type {
  ExecuteRequest,
  OpenSessionRequest,
  ToolDefinition,
  ToolName,
} from '../generated/code-mode.ts';
import { OutputTruncation, ToolKind } from '../generated/code-mode.ts';
import { Status, StatusError } from '../status.ts';
import { checkLargeJson, LARGE_JSON_BYTES, Turn } from './check-large-json.ts';

/** Translates what clients ask for into the terms of `host/core/`. All throw a StatusError. */

/** What errors call them. */
const INPUT_SCHEMA = 'tool input schema';
const OUTPUT_SCHEMA = 'tool output schema';
const MAX_ID_BYTES = 256;
const MAX_FILTERS = 64;
const CANONICAL_UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const UUID = /^[0-9a-f]{8}(?:-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{24})$/i;
/** Tool calls that a client takes at once if it does not say. */
const DEFAULT_CAPACITY = 1_024;

const KNOWN_MODES: readonly number[] = Object.values(OutputTruncation);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An id that this host has chosen, in the form in which it is known here. */
export function readUuid(what: 'session' | 'tool invocation' | 'notification', id: string): string {
  if (CANONICAL_UUID.test(id)) return id;
  if (id === '') throw invalid(`code-mode ${what} ID must not be empty`);
  const digits = id.replaceAll('-', '').toLowerCase();
  if (!UUID.test(id)) throw invalid(`code-mode ${what} ID must be a UUID`);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** An id that is a text. */
export function readId(what: 'execution' | 'wait' | 'cell' | 'tool call', id: string): string {
  if (id === '') throw invalid(`code-mode ${what} ID must not be empty`);
  if (id.length <= MAX_ID_BYTES && Buffer.byteLength(id) <= MAX_ID_BYTES) return id;
  throw invalid(`code-mode ${what} ID exceeds ${MAX_ID_BYTES} bytes`);
}

export function readTerms({ limits, outputTruncation }: OpenSessionRequest): SessionTerms {
  // From the wire comes any number.
  const mode: number = outputTruncation ?? OutputTruncation.UNSPECIFIED;
  if (!KNOWN_MODES.includes(mode)) throw invalid('unknown code-mode output truncation mode');
  return {
    settings: {},
    maxYieldAfterMs: readNumber(limits?.maxYieldTimeMs),
    truncates: mode === OutputTruncation.SERVER,
  };
}

/** How many tool calls of a session may be open. */
export function readCapacity({ callbackCapacity }: OpenSessionRequest): number {
  if (callbackCapacity === 0n) throw invalid('callback capacity must be positive');
  return readNumber(callbackCapacity) ?? DEFAULT_CAPACITY;
}

/** @returns Later, if the schemas of the tools are large: then they are only checked, in pieces. */
export function readExecute(request: ExecuteRequest): CellRequest | Promise<CellRequest> {
  const cell = {
    source: request.source,
    callId: readId('tool call', request.toolCallId),
    observe: readObserve(request.yieldTimeMs),
  };
  const { enabledTools } = request;
  const bytes = enabledTools.reduce((sum, tool) => sum + schemaBytes(tool), 0);
  if (bytes < LARGE_JSON_BYTES)
    return { ...cell, tools: enabledTools.map((tool) => readTool(tool)) };
  return checkSchemas(enabledTools).then(() => ({
    ...cell,
    tools: enabledTools.map((tool) => readTool(tool, carrySchema)),
  }));
}

function schemaBytes({ inputSchemaJson, outputSchemaJson }: ToolDefinition): number {
  return (inputSchemaJson?.length ?? 0) + (outputSchemaJson?.length ?? 0);
}

async function checkSchemas(tools: readonly ToolDefinition[]): Promise<void> {
  const turn = new Turn();
  const { maxSchemaValues } = REQUEST_LIMITS;
  let values = 0;
  for (const { inputSchemaJson, outputSchemaJson } of tools) {
    const schemas = [
      [INPUT_SCHEMA, inputSchemaJson],
      [OUTPUT_SCHEMA, outputSchemaJson],
    ] as const;
    for (const [what, bytes] of schemas) {
      if (bytes === undefined) continue;
      values += await checkLargeJson(bytes, turn).catch((error: Error) => {
        throw invalid(`invalid ${what}: ${error.message}`);
      });
      if (values <= maxSchemaValues) continue;
      const text = `the schemas of the tools have more than ${maxSchemaValues} values`;
      throw new CodeModeError('limit_exceeded', `Cannot read a request: ${text}`);
    }
  }
}

function carrySchema(_what: string, bytes: Uint8Array | undefined): unknown {
  return bytes === undefined ? undefined : new JsonText(bytes);
}

export function readObserve(yieldTimeMs: bigint | undefined): ObserveMode {
  const yieldAfterMs = readNumber(yieldTimeMs);
  return yieldAfterMs === null ? DEFAULT_OBSERVE : { yieldAfterMs };
}

/** A number of 64 bits. The largest are not exact, which does not matter. */
export function readNumber(value: bigint | undefined): number | null {
  return value === undefined ? null : Number(value);
}

/** The tools that a subscription is for; none means all. */
export function readFilters(toolNames: readonly ToolName[]): readonly Name[] {
  if (toolNames.length > MAX_FILTERS) {
    throw invalid(`code-mode tool subscription exceeds ${MAX_FILTERS} filters`);
  }
  if (toolNames.some(({ name }) => name === '')) {
    throw invalid('code-mode tool name must not be empty');
  }
  return toolNames.map(readToolName);
}

function readToolName({ name, namespace }: ToolName): Name {
  return { name, namespace: namespace ?? null };
}

/** The text of a JSON value. */
export function readJson(what: string, bytes: Uint8Array): { text: string; value: unknown } {
  try {
    const text = utf8.decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch (error) {
    throw invalid(`invalid ${what}: ${messageOf(error)}`);
  }
}

export function invalid(text: string): StatusError {
  return new StatusError(Status.invalidArgument, text);
}

function readTool(tool: ToolDefinition, readSchema = parseSchema): Tool {
  const { name, description, toolName, inputSchemaJson, outputSchemaJson } = tool;
  if (toolName === undefined) throw invalid('tool definition is missing its tool name');
  const definition = {
    name,
    toolName: readToolName(toolName),
    description,
    kind: readKind(tool.kind),
  };
  const inputSchema = readSchema(INPUT_SCHEMA, inputSchemaJson);
  return withSchemas(definition, inputSchema, readSchema(OUTPUT_SCHEMA, outputSchemaJson));
}

function readKind(kind: number): 'function' | 'freeform' {
  if (kind === ToolKind.FUNCTION) return 'function';
  if (kind === ToolKind.FREEFORM) return 'freeform';
  throw invalid('tool definition has an invalid kind');
}

function parseSchema(what: string, bytes: Uint8Array | undefined): unknown {
  return bytes === undefined ? undefined : readJson(what, bytes).value;
}
