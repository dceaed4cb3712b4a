import { DEFAULT_OBSERVE } from '../../../src/runtime/observe-mode.ts';
import { messageOf } from '../../../src/runtime/tool-answer.ts';
import type { ExecuteRequest as CellRequest, ObserveMode } from '../../../src/session.ts';
import type { ToolName as Name, ToolDefinition as Tool } from '../../../src/tools.ts';
import type { SessionTerms } from '../../core/session-table.ts';
import type {
  ExecuteRequest,
  OpenSessionRequest,
  ToolDefinition,
  ToolName,
} from '../generated/code-mode.ts';
import { OutputTruncation, ToolKind } from '../generated/code-mode.ts';
import { Status, StatusError } from '../status.ts';

/** Translates what clients ask for into the terms of `host/core/`. All throw a StatusError. */

const MAX_ID_BYTES = 256;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** Tool calls that a client takes at once if it does not say. */
const DEFAULT_CAPACITY = 1_024;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An id that this host has chosen, in the form in which it is known here. */
export function readUuid(what: 'session' | 'invocation' | 'notification', id: string): string {
  if (UUID.test(id)) return id.toLowerCase();
  throw invalid(`code-mode ${what} ID must be a UUID`);
}

/** An id that is a text. */
export function readId(what: 'execution' | 'wait' | 'cell' | 'tool call', id: string): string {
  if (id === '') throw invalid(`code-mode ${what} ID must not be empty`);
  if (id.length <= MAX_ID_BYTES && Buffer.byteLength(id) <= MAX_ID_BYTES) return id;
  throw invalid(`code-mode ${what} ID exceeds ${MAX_ID_BYTES} bytes`);
}

export function readTerms({ limits, outputTruncation }: OpenSessionRequest): SessionTerms {
  // From the wire comes any number.
  const mode: number = outputTruncation ?? OutputTruncation.NONE;
  if (mode !== OutputTruncation.NONE && mode !== OutputTruncation.SERVER) {
    throw invalid('unknown code-mode output truncation mode');
  }
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

export function readExecute(request: ExecuteRequest): CellRequest {
  return {
    source: request.source,
    callId: readId('tool call', request.toolCallId),
    tools: request.enabledTools.map(readTool),
    observe: readObserve(request.yieldTimeMs),
  };
}

export function readObserve(yieldTimeMs: bigint | undefined): ObserveMode {
  const yieldAfterMs = readNumber(yieldTimeMs);
  return yieldAfterMs === null ? DEFAULT_OBSERVE : { yieldAfterMs };
}

/** A number of 64 bits. The largest are not exact, which does not matter. */
export function readNumber(value: bigint | undefined): number | null {
  return value === undefined ? null : Number(value);
}

/** The name by which a tool is routed. */
export function readToolName({ name, namespace }: ToolName): Name {
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

function readTool(tool: ToolDefinition): Tool {
  const { name, description, toolName, inputSchemaJson, outputSchemaJson } = tool;
  if (toolName === undefined) throw invalid('tool definition is missing its tool name');
  const inputSchema = readSchema('tool input schema', inputSchemaJson);
  const outputSchema = readSchema('tool output schema', outputSchemaJson);
  return {
    name,
    toolName: readToolName(toolName),
    description,
    kind: readKind(tool.kind),
    ...(inputSchema && { inputSchema: inputSchema.value }),
    ...(outputSchema && { outputSchema: outputSchema.value }),
  };
}

function readKind(kind: number): 'function' | 'freeform' {
  if (kind === ToolKind.FUNCTION) return 'function';
  if (kind === ToolKind.FREEFORM) return 'freeform';
  throw invalid('tool definition has an invalid kind');
}

function readSchema(what: string, bytes: Uint8Array | undefined) {
  return bytes === undefined ? undefined : readJson(what, bytes);
}
