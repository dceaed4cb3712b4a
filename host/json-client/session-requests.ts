import { DEFAULT_OBSERVE } from '../../src/runtime/observe-mode.ts';
import type { ExecuteRequest, ObserveMode } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { CellWait } from '../remote/host-link.ts';
import { ToolLists } from '../remote/tool-lists.ts';
import type { Operation, WireTool } from '../wire/protocol.ts';

/** The fields of every request that waits for a cell. */
interface WaitFields {
  readonly yield_time_ms: number;
  readonly observe?: { pending: true };
  readonly preempted?: true;
}

type ExecuteOperation = Extract<Operation, { method: 'session/execute' }>;

/** Version 1 has no way to leave the id out. */
const NO_CALL_ID = '';

/** Makes the requests of one session in the form that its host understands. */
export class SessionRequests {
  readonly #sessionId: string;
  readonly #tools: readonly ToolDefinition[];
  readonly #hasCellsCapability: boolean;
  readonly #wireTools: ToolLists<WireTool>;

  /**
   * @param tools The default tools of a cell.
   * @param hasCellsCapability Whether the host has `cellhost.cells`.
   */
  constructor(sessionId: string, tools: readonly ToolDefinition[], hasCellsCapability: boolean) {
    this.#sessionId = sessionId;
    this.#tools = tools;
    this.#hasCellsCapability = hasCellsCapability;
    this.#wireTools = new ToolLists(toWire, !hasCellsCapability);
  }

  /**
   * @param request Already checked, except its tools.
   * @throws `invalid_argument`.
   */
  execute(request: ExecuteRequest, wait: CellWait): ExecuteOperation {
    const { source, callId, tools = this.#tools } = request;
    const keepEvents = this.#hasCellsCapability && request.keepEvents === true;
    return {
      method: 'session/execute',
      sessionId: this.#sessionId,
      request: {
        tool_call_id: callId ?? (this.#hasCellsCapability ? null : NO_CALL_ID),
        enabled_tools: this.#wireTools.of(tools),
        source,
        max_output_tokens: null,
        ...this.#waitFields(wait),
        ...(keepEvents && { keepEvents }),
      },
    };
  }

  wait(cellId: string, wait: CellWait): Operation {
    const request = { cell_id: cellId, ...this.#waitFields(wait) };
    return { method: 'session/wait', sessionId: this.#sessionId, request };
  }

  #waitFields({ mode, isPreempted }: CellWait): WaitFields {
    const early = this.#hasCellsCapability && isPreempted ? ({ preempted: true } as const) : {};
    if ('pending' in mode) return { yield_time_ms: 0, observe: { pending: true }, ...early };
    const ms = Math.min(Math.ceil(mode.yieldAfterMs), Number.MAX_SAFE_INTEGER);
    return { yield_time_ms: ms, ...early };
  }
}

/** The mode of a request that waits for a cell. */
export function modeOf(request: {
  readonly yield_time_ms: number | null;
  readonly observe?: object | undefined;
}): ObserveMode {
  const { yield_time_ms: ms, observe } = request;
  if (observe !== undefined && 'pending' in observe) return { pending: true };
  return ms === null ? DEFAULT_OBSERVE : { yieldAfterMs: ms };
}

function toWire(tool: ToolDefinition): WireTool {
  return {
    name: tool.name,
    tool_name: { ...(tool.toolName ?? { name: tool.name, namespace: null }) },
    description: tool.description,
    kind: tool.kind ?? 'function',
    input_schema: tool.inputSchema ?? null,
    output_schema: tool.outputSchema ?? null,
  };
}
