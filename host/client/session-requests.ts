import { checkToolNames } from '../../src/embed/tool-names.ts';
import { CodeModeError } from '../../src/errors.ts';
import { checkTools } from '../../src/runtime/check-arguments.ts';
import { DEFAULT_OBSERVE } from '../../src/runtime/observe-mode.ts';
import type { ExecuteRequest, ObserveMode, WaitOptions } from '../../src/session.ts';
import type { ToolDefinition } from '../../src/tools.ts';
import type { Operation, OperationValue, WireTool } from '../wire/protocol.ts';

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
  readonly #wireTools = new WeakMap<readonly ToolDefinition[], WireTool[]>();

  /**
   * @param tools The default tools of a cell.
   * @param hasCellsCapability Whether the host has `cellhost.cells`.
   */
  constructor(sessionId: string, tools: readonly ToolDefinition[], hasCellsCapability: boolean) {
    this.#sessionId = sessionId;
    this.#tools = tools;
    this.#hasCellsCapability = hasCellsCapability;
  }

  /**
   * @param request Already checked, except its tools.
   * @throws `invalid_argument`, `unsupported`.
   */
  execute(request: ExecuteRequest, options: WaitOptions): ExecuteOperation {
    const { source, observe = DEFAULT_OBSERVE, callId, tools = this.#tools } = request;
    const keepEvents = this.#hasCellsCapability && request.keepEvents === true;
    return {
      method: 'session/execute',
      sessionId: this.#sessionId,
      request: {
        tool_call_id: callId ?? (this.#hasCellsCapability ? null : NO_CALL_ID),
        enabled_tools: this.#toWire(tools),
        source,
        max_output_tokens: null,
        ...this.#waitFields(observe, options),
        ...(keepEvents && { keepEvents }),
      },
    };
  }

  /** @throws `unsupported`. */
  wait(cellId: string, mode: ObserveMode, options: WaitOptions): Operation {
    const request = { cell_id: cellId, ...this.#waitFields(mode, options) };
    return { method: 'session/wait', sessionId: this.#sessionId, request };
  }

  /** @throws `unsupported` if the host lacks `cellhost.cells`. */
  needCellsCapability(what: string): void {
    if (this.#hasCellsCapability) return;
    throw new CodeModeError(
      'unsupported',
      `Cannot do this with the code-mode host: ${what} needs its capability cellhost.cells`,
    );
  }

  #waitFields(mode: ObserveMode, { preempt }: WaitOptions): WaitFields {
    const isEarly = this.#hasCellsCapability && preempt?.aborted === true;
    const early = isEarly ? ({ preempted: true } as const) : {};
    if ('pending' in mode) {
      this.needCellsCapability('waiting for a frontier');
      return { yield_time_ms: 0, observe: { pending: true }, ...early };
    }
    const ms = Math.min(Math.ceil(mode.yieldAfterMs), Number.MAX_SAFE_INTEGER);
    return { yield_time_ms: ms, ...early };
  }

  /** A host of version 1 would drop all but the first of several tools with the same identifier. */
  #check(what: string, tools: readonly ToolDefinition[]): void {
    checkTools(what, tools);
    checkToolNames(what, tools, !this.#hasCellsCapability);
  }

  /** Converts each list only once. */
  #toWire(tools: readonly ToolDefinition[]): WireTool[] {
    const known = this.#wireTools.get(tools);
    if (known !== undefined) return known;
    this.#check('Cannot execute', tools);
    const wire = tools.map((tool) => ({
      name: tool.name,
      tool_name: { ...(tool.toolName ?? { name: tool.name, namespace: null }) },
      description: tool.description,
      kind: tool.kind ?? 'function',
      input_schema: tool.inputSchema ?? null,
      output_schema: tool.outputSchema ?? null,
    }));
    this.#wireTools.set(tools, wire);
    return wire;
  }
}

/** Checks that the answer is of the requested kind. @throws `peer_failed`. */
export function expected<T extends OperationValue['type']>(
  value: OperationValue,
  type: T,
): Extract<OperationValue, { type: T }> {
  if (value.type === type) return value as Extract<OperationValue, { type: T }>;
  throw new CodeModeError('peer_failed', `code-mode host answered ${value.type}, wanted ${type}`);
}
