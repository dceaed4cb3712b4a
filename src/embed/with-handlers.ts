import type { Delegate, Notification } from '../delegate.ts';
import { CodeModeError } from '../errors.ts';
import { isReservedToolName, type ToolDefinition } from '../tools.ts';
import type { HandledTool } from './tool.ts';
import { checkToolNames } from './tool-names.ts';

/** Tools that run their own calls, by their flat names. */
export interface ToolHandlers {
  readonly [name: string]: HandledTool;
}

/** What a session with handlers takes besides its tools. */
export interface HandlerOptions {
  /** Delivers notifications, as `Delegate.notify` does. Default: they are only live events. */
  readonly notify?: (notification: Notification, signal: AbortSignal) => unknown;
}

/** What every kind of session takes: the definitions of tools, and the delegate that runs them. */
export interface SessionTools {
  readonly tools: readonly ToolDefinition[];
  readonly delegate: Delegate;
}

/**
 * Turns tools with handlers into definitions and a delegate. `openSession` does it itself; other
 * sessions take the result among their options: `client.openSession(withHandlers({ add }))`.
 *
 * @throws `invalid_argument` for something that is not a tool, a name that programs cannot call, and two
 * names that become one identifier.
 */
export function withHandlers(tools: ToolHandlers, options: HandlerOptions = {}): SessionTools {
  const entries = Object.entries(tools);
  for (const [name, handled] of entries) checkHandled(name, handled);
  const definitions = entries.map(([name, handled]) => definitionOf(name, handled));
  checkToolNames('Cannot open a session', definitions);
  const byName = new Map(entries);
  return {
    tools: definitions,
    delegate: {
      invokeTool: async (call, signal) => {
        const handled = byName.get(call.tool);
        if (handled === undefined) throw new Error(`There is no tool named ${call.tool}`);
        return handled.invoke(call, signal);
      },
      notify: async (notification, signal) => {
        await options.notify?.(notification, signal);
      },
    },
  };
}

function definitionOf(name: string, handled: HandledTool): ToolDefinition {
  const { description, inputSchema, outputSchema } = handled;
  return {
    name,
    description,
    ...(inputSchema !== undefined && { inputSchema }),
    ...(outputSchema !== undefined && { outputSchema }),
  };
}

function checkHandled(name: string, handled: unknown): void {
  const isTool = typeof handled === 'object' && handled !== null && 'invoke' in handled;
  if (!isTool) {
    const text = `Cannot open a session: the tool ${name} has no handler; make it with tool({ … })`;
    throw new CodeModeError('invalid_argument', text);
  }
  if (!isReservedToolName(name)) return;
  const text = `Cannot open a session: programs cannot call a tool named ${name}; rename it`;
  throw new CodeModeError('invalid_argument', text);
}
