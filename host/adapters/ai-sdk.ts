import '../../src/embed/supported-node.ts';

import { jsonSchema, type Tool, type ToolSet } from 'ai';
import type { OutputItem } from '../../src/events.ts';
import type { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import { fromAiTools } from './from-ai-tools.ts';
import {
  type CodeModeSettings,
  openModelSession,
  type CellTool as SessionTool,
} from './model-session.ts';
import { toAiOutput } from './to-ai-output.ts';

export { fromAiTools } from './from-ai-tools.ts';
export type { CodeModeSettings } from './model-session.ts';

/** The options of `codeMode`: those of a session, and the tools that programs can call. */
export type CodeModeOptions = CodeModeSettings & {
  /** A tool set of the AI SDK. */
  readonly tools: ToolSet;
};

/** A tool of the model: runs or continues a program, and shows its output. */
export type CellTool = Tool<Readonly<Record<string, unknown>>, readonly OutputItem[]>;

/** Code mode for one conversation. */
export interface CodeMode extends AsyncDisposable {
  /** For `generateText`, `streamText` and agents, in place of the tools that went in. */
  readonly tools: { readonly exec: CellTool; readonly wait: CellTool };
  readonly session: SessionRuntime;
  /** Terminates every cell. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Code mode for the AI SDK: the model gets the tools `exec` and `wait`, and programs call the given tools.
 *
 * When the abort signal of a generation aborts, the cell it waits for is terminated. Notifications of
 * programs are part of the next result. Keep one code mode per conversation, and close it at the end.
 *
 * @throws As `fromAiTools` and `openSession`.
 */
export async function codeMode(options: CodeModeOptions): Promise<CodeMode> {
  const { tools: aiTools, ...settings } = options;
  const { session, exec, wait } = openModelSession(
    Object.entries(await fromAiTools(aiTools)),
    settings,
  );
  const close = () => session.close();
  return {
    tools: { exec: cellTool(exec), wait: cellTool(wait) },
    session,
    close,
    [Symbol.asyncDispose]: close,
  };
}

type CellArguments = Readonly<Record<string, unknown>>;

function cellTool({ description, inputSchema, run }: SessionTool): CellTool {
  return {
    description,
    inputSchema: jsonSchema<CellArguments>(inputSchema),
    execute: (args: CellArguments, { abortSignal = new AbortController().signal }) =>
      run(args, abortSignal),
    toModelOutput: ({ output }: { readonly output: readonly OutputItem[] }) => toAiOutput(output),
  };
}
