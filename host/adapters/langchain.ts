import '../../src/embed/supported-node.ts';

import { tool as langChainTool, type StructuredToolInterface } from '@langchain/core/tools';
import { toJsonSchema } from '@langchain/core/utils/json_schema';
import type { JsonSchema } from '../../src/embed/schema-types.ts';
import { type HandledTool, tool } from '../../src/embed/tool.ts';
import type { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import { type CellTool, type CodeModeSettings, openModelSession } from './model-session.ts';
import { toContentBlocks } from './to-content-blocks.ts';

export type { CodeModeSettings } from './model-session.ts';

/** The options of `codeMode`: those of a session, and the tools that programs can call. */
export type CodeModeOptions = CodeModeSettings & {
  readonly tools: readonly StructuredToolInterface[];
};

/** Code mode for one conversation. */
export interface CodeMode extends AsyncDisposable {
  /** `exec` and `wait`, for `bindTools` and agents, in place of the tools that went in. */
  readonly tools: readonly StructuredToolInterface[];
  readonly session: SessionRuntime;
  /** Terminates every cell. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Code mode for LangChain: the model gets the tools `exec` and `wait`, and programs call the given tools.
 *
 * When the signal of a call aborts, the cell it waits for is terminated. A tool with an artifact brings
 * its content alone.
 *
 * @throws As `openSession`.
 */
export function codeMode({ tools, ...settings }: CodeModeOptions): CodeMode {
  const handled = tools.map((each) => [each.name, handledTool(each)] as const);
  const { session, exec, wait } = openModelSession(handled, settings);
  const close = () => session.close();
  return {
    tools: [structuredTool(exec), structuredTool(wait)],
    session,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The tool checks its arguments itself, with whatever kind of schema it has. */
function handledTool(langChain: StructuredToolInterface): HandledTool {
  return tool({
    description: langChain.description,
    inputSchema: toJsonSchema(langChain.schema) as JsonSchema,
    run: async (input, { signal }) => langChain.invoke(input as never, { signal }),
  });
}

function structuredTool({ name, description, inputSchema, run }: CellTool) {
  return langChainTool(
    async (args, config) => {
      const signal = config?.signal ?? new AbortController().signal;
      return toContentBlocks(await run(args as Readonly<Record<string, unknown>>, signal));
    },
    { name, description, schema: inputSchema as object as { readonly type: 'object' } },
  );
}
