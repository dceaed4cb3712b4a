import {
  type HandlerOptions,
  type SessionTools,
  type ToolHandlers,
  withHandlers,
} from '../src/embed/with-handlers.ts';
import { CodeModeError } from '../src/errors.ts';
import { checkTools } from '../src/runtime/check-arguments.ts';
import { SessionRuntime, type SessionRuntimeOptions } from '../src/runtime/session-runtime.ts';
import type { Sandbox } from '../src/sandbox.ts';
import type { ToolDefinition } from '../src/tools.ts';
import { ProcessSandbox } from './process/process-sandbox.ts';

/** Tools that run their own calls. */
export interface OwnTools extends HandlerOptions {
  readonly tools?: ToolHandlers;
  readonly delegate?: undefined;
}

/** Tools whose calls a delegate runs. */
export interface DelegatedTools {
  readonly tools?: readonly ToolDefinition[];
  readonly delegate: SessionRuntimeOptions['delegate'];
  readonly notify?: undefined;
}

/**
 * Options of `openSession`. Tools either have handlers, or are definitions beside a delegate; not both.
 * Without a `sandbox`, sessions share one of this process.
 */
export type OpenSessionOptions = Omit<SessionRuntimeOptions, 'sandbox' | 'tools' | 'delegate'> & {
  readonly sandbox?: Sandbox;
} & (OwnTools | DelegatedTools);

let shared: ProcessSandbox | null = null;

/**
 * Opens a session in this process whose programs run in sandbox processes.
 *
 * The shared sandbox needs no closing: its processes end with this one, and do not keep it alive.
 *
 * @throws `sandbox_failed` if no Node.js is found to run cells on; `invalid_argument` for invalid limits,
 * two tools with one name or identifier, definitions that nothing runs, and handlers beside a delegate.
 */
export function openSession(options: OpenSessionOptions = {}): SessionRuntime {
  const { sandbox, tools: _tools, delegate: _delegate, notify: _notify, ...settings } = options;
  const { tools, delegate } = toolsOf(options);
  return new SessionRuntime({
    ...settings,
    tools,
    delegate,
    sandbox: sandbox ?? sharedSandbox(),
  });
}

function sharedSandbox(): ProcessSandbox {
  shared ??= new ProcessSandbox();
  return shared;
}

function toolsOf(options: OpenSessionOptions): SessionTools {
  const { tools = {}, delegate, notify } = options;
  if (delegate === undefined && (!isList(tools) || tools.length === 0)) {
    return withHandlers(isList(tools) ? {} : tools, notify === undefined ? {} : { notify });
  }
  if (!isList(tools) && Object.keys(tools).length > 0) {
    throw invalid('tools with handlers run their own calls; pass notify instead of a delegate');
  }
  if (notify !== undefined) throw invalid('the delegate has its own notify; leave the other out');
  const list = isList(tools) ? tools : [];
  checkTools('Cannot open a session', list);
  if (delegate === undefined) throw invalid(`nothing runs ${namesOf(list)}; add a delegate`);
  return { tools: list, delegate };
}

function isList(
  tools: ToolHandlers | readonly ToolDefinition[],
): tools is readonly ToolDefinition[] {
  return Array.isArray(tools);
}

function namesOf(tools: readonly ToolDefinition[]): string {
  const names = tools.slice(0, 10).map(({ name }) => name);
  const others = tools.length - names.length;
  return `the tools ${names.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}

function invalid(problem: string): CodeModeError {
  return new CodeModeError('invalid_argument', `Cannot open a session: ${problem}`);
}
