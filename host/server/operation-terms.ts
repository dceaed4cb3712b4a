import type { SessionLimits } from '../../src/limits.ts';
import { DEFAULT_OBSERVE } from '../../src/runtime/observe-mode.ts';
import type { ExecuteRequest, ObserveMode, SessionSettings } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import { withSchemas } from '../core/carried-schemas.ts';
import type { SessionTerms } from '../core/session-table.ts';
import type { Operation, SessionOptions, WireTool } from '../wire/protocol.ts';

/** Translates the operations of version 1 into the terms of `host/core/`. */

type OperationOf<M extends Operation['method']> = Extract<Operation, { method: M }>;

export function openTerms(operation: OperationOf<'session/open'>): SessionTerms {
  const { options, cellExecutionLimits, outputTruncation } = operation;
  return {
    settings: settingsOf(options),
    maxYieldAfterMs: cellExecutionLimits?.maxYieldTimeMs ?? null,
    truncates: outputTruncation === 'server',
  };
}

export function createTerms({ options }: OperationOf<'session/create'>): SessionTerms {
  return { settings: settingsOf(options), maxYieldAfterMs: null, truncates: false };
}

export function executeRequest({ request }: OperationOf<'session/execute'>): ExecuteRequest {
  return {
    source: request.source,
    tools: request.enabled_tools.map(toTool),
    observe: observeMode(request),
    keepEvents: request.keepEvents ?? false,
    ...(request.tool_call_id === null ? {} : { callId: request.tool_call_id }),
  };
}

/** How long a request waits for its cell. */
export function observeMode(request: {
  readonly observe?: ObserveMode | undefined;
  readonly yield_time_ms: number | null;
}): ObserveMode {
  const { observe, yield_time_ms: yieldAfterMs } = request;
  return observe ?? (yieldAfterMs === null ? DEFAULT_OBSERVE : { yieldAfterMs });
}

/** Leaves out what the client did not set. The owner of the session checks the limits. */
function settingsOf({
  toolErrors,
  console,
  globals,
  limits,
}: SessionOptions = {}): SessionSettings {
  return {
    ...(toolErrors === undefined ? {} : { toolErrors }),
    ...(console === undefined ? {} : { console }),
    ...(globals === undefined ? {} : { globals }),
    ...(limits === undefined ? {} : { limits: limits as Partial<SessionLimits> }),
  };
}

/** In version 1, null stands for an absent schema. */
function toTool(tool: WireTool): ToolDefinition {
  const { name, tool_name: toolName, description, kind } = tool;
  const definition = {
    name,
    toolName,
    description,
    kind,
  };
  return withSchemas(definition, tool.input_schema ?? undefined, tool.output_schema ?? undefined);
}
