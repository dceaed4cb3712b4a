import '../../src/embed/supported-node.ts';

import type { FunctionTool, RunContext } from '@openai/agents';
import { isJsonObject, type JsonObject } from '../../src/describe/json-object.ts';
import type { JsonSchema } from '../../src/embed/schema-types.ts';
import { type HandledTool, tool } from '../../src/embed/tool.ts';
import { messageOf } from '../../src/errors.ts';
import type { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import { type CellTool, type CodeModeSettings, openModelSession } from './model-session.ts';
import { type AgentOutput, toAgentOutput } from './to-agent-output.ts';
import { unfitTool } from './unfit-tool.ts';

export type { CodeModeSettings } from './model-session.ts';
export type { AgentOutput } from './to-agent-output.ts';

/** A function tool of the OpenAI Agents SDK, whatever its context, parameters and result. */
export interface AgentTool {
  readonly type: 'function';
  readonly name: string;
  readonly description: string;
  readonly parameters: object;
  readonly inputGuardrails?: readonly unknown[];
  readonly outputGuardrails?: readonly unknown[];
  needsApproval(context: RunContext, input: unknown, callId?: string): Promise<boolean>;
  invoke(
    context: RunContext,
    input: string,
    details?: { readonly signal?: AbortSignal },
  ): Promise<unknown>;
}

/** The options of `codeMode`: those of a session, and the tools that programs can call. */
export type CodeModeOptions = CodeModeSettings & {
  readonly tools: readonly AgentTool[];
};

/** `exec` or `wait`, as an agent takes it. */
export type CellFunctionTool = FunctionTool<unknown, undefined, AgentOutput>;

/** Code mode for one conversation. */
export interface CodeMode extends AsyncDisposable {
  /** `exec` and `wait`, for the `tools` of an agent, in place of the tools that went in. */
  readonly tools: readonly CellFunctionTool[];
  readonly session: SessionRuntime;
  /** Terminates every cell. Safe to call twice. */
  close(): Promise<void>;
}

/** The context of the run that called `exec` or `wait` last: calls of programs have no other. */
interface LatestRun {
  context: RunContext | undefined;
}

/**
 * Code mode for the OpenAI Agents SDK: the model gets the tools `exec` and `wait`, and programs call the
 * given function tools, with the context of the run.
 *
 * When a run is aborted, the cell it waits for is terminated. A call of a tool that needs approval fails,
 * because a program cannot wait for a person. `isEnabled` of the given tools is not asked.
 *
 * @throws `invalid_argument`, which names the tool, for one with guardrails, which only an agent runs; as `openSession`.
 */
export function codeMode({ tools, ...settings }: CodeModeOptions): CodeMode {
  const latest: LatestRun = { context: undefined };
  const handled = tools.map((each) => [each.name, handledTool(each, latest)] as const);
  const { session, exec, wait } = openModelSession(handled, settings);
  const close = () => session.close();
  return {
    tools: [functionTool(exec, latest), functionTool(wait, latest)],
    session,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function handledTool(agentTool: AgentTool, latest: LatestRun): HandledTool {
  const { name, description, parameters, inputGuardrails, outputGuardrails } = agentTool;
  if ((inputGuardrails?.length ?? 0) + (outputGuardrails?.length ?? 0) > 0) {
    throw unfitTool(name, 'it has guardrails, which only an agent runs');
  }
  return tool({
    description,
    input: parameters as JsonSchema,
    run: async (input, { signal, call }) => {
      const context = latest.context!;
      if (await agentTool.needsApproval(context, input, call.callId)) {
        throw unfitTool(name, 'it needs approval, which a program cannot wait for');
      }
      return agentTool.invoke(context, JSON.stringify(input), { signal });
    },
  });
}

function functionTool(cellTool: CellTool, latest: LatestRun): CellFunctionTool {
  const { name, description, inputSchema } = cellTool;
  return {
    type: 'function',
    name,
    description,
    parameters: inputSchema as unknown as CellFunctionTool['parameters'],
    strict: false,
    needsApproval: async () => false,
    isEnabled: async () => true,
    invoke: async (context, input, { signal = new AbortController().signal } = {}) => {
      latest.context = context;
      try {
        return toAgentOutput(await cellTool.run(readArguments(name, input), signal));
      } catch (error) {
        if (signal.aborted) throw error;
        // A failed call would end the run, while a text lets the model repair it.
        return [{ type: 'text', text: messageOf(error) }];
      }
    },
  };
}

function readArguments(name: string, json: string): JsonObject {
  const args: unknown = JSON.parse(json);
  if (isJsonObject(args)) return args;
  throw new Error(`${name} expects an object`);
}
