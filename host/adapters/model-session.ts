import { type OpenSessionOptions, openSession } from '../../sandbox/open-session.ts';
import { describeRuntime, type ModelTool } from '../../src/describe/describe-runtime.ts';
import type { JsonObject } from '../../src/describe/json-object.ts';
import type { HandledTool } from '../../src/embed/tool.ts';
import { checkToolNames } from '../../src/embed/tool-names.ts';
import { withHandlers } from '../../src/embed/with-handlers.ts';
import type { OutputItem } from '../../src/events.ts';
import type { SessionRuntime } from '../../src/runtime/session-runtime.ts';
import { ModelCells } from './model-cells.ts';

/** What code mode for a framework takes besides the framework's tools. */
export type CodeModeSettings = Omit<OpenSessionOptions, 'tools' | 'delegate' | 'notify'> & {
  /** Length of the description of `exec`, as in `DescribeRuntimeOptions`. Default: unlimited. */
  readonly maxDescriptionLength?: number;
};

/** A tool that a framework offers to its model: runs or continues a program, and shows its output. */
export interface CellTool extends ModelTool {
  /**
   * Runs a call. When `signal` aborts, the cell it waits for is terminated.
   *
   * @throws As `ModelCells.exec` and `wait`.
   */
  run(args: JsonObject, signal: AbortSignal): Promise<readonly OutputItem[]>;
}

/** A session, and the tools with which a model uses it. */
export interface ModelSession {
  readonly session: SessionRuntime;
  readonly exec: CellTool;
  readonly wait: CellTool;
}

/**
 * Opens a session for a model whose programs call these tools. Notifications are part of the next result.
 *
 * @throws As `openSession`.
 */
export function openModelSession(
  tools: readonly (readonly [name: string, tool: HandledTool])[],
  options: CodeModeSettings,
): ModelSession {
  const { maxDescriptionLength, ...settings } = options;
  const named = tools.map(([name]) => ({ name, description: '' }));
  checkToolNames('Cannot open a session', named);
  const handlers = Object.fromEntries(tools);
  const session: SessionRuntime = openSession({
    ...settings,
    tools: handlers,
    notify: ({ cellId, text }) => cells.notify(cellId, text),
  });
  const cells = new ModelCells(() => session);
  const { exec, wait } = describeRuntime({
    tools: withHandlers(handlers).tools,
    console: settings.console ?? false,
    globals: settings.globals ?? 'standard',
    ...(maxDescriptionLength !== undefined && { maxLength: maxDescriptionLength }),
  });
  return {
    session,
    exec: { ...exec, run: (args, signal) => cells.exec(args, signal) },
    wait: { ...wait, run: (args, signal) => cells.wait(args, signal) },
  };
}
