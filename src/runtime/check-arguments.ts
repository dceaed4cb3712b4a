import { CodeModeError } from '../errors.ts';
import type { EventsOptions } from '../live-events.ts';
import type { ExecuteRequest, ObserveMode, WaitOptions } from '../session.ts';
import type { ToolDefinition } from '../tools.ts';
import { checkObserveMode } from './observe-mode.ts';

/**
 * Checks what callers pass to sessions, both in process and before anything is sent to a host, so that
 * the same mistake fails with the same error. Each function whose name begins with `check` throws
 * `invalid_argument`.
 */

/** Longest id of a session or cell, in UTF-16 units. */
export const MAX_ID_LENGTH = 1_024;

type Fields = Readonly<Record<string, unknown>>;

export function isCellId(id: unknown): id is string {
  return typeof id === 'string' && id.length <= MAX_ID_LENGTH;
}

/** Whether it can be the id of a session: one of a cell, and not blank. */
export function isSessionId(id: unknown): id is string {
  return isCellId(id) && /\S/.test(id);
}

/** Checks everything except the tools, which are checked once per list, and the length of the source. */
export function checkExecute(request: ExecuteRequest, options: WaitOptions): void {
  const what = 'Cannot execute';
  if (!isObject(request)) throw invalid(what, 'the request must be an object', request);
  const { source, observe, callId, keepEvents, delegate } = request;
  if (typeof source !== 'string') throw invalid(what, 'the source must be a string', source);
  if (callId !== undefined) checkString(what, 'callId', callId);
  checkFlag(what, 'keepEvents', keepEvents);
  if (delegate !== undefined) checkDelegate(what, delegate);
  if (observe !== undefined) checkObserveMode(observe);
  checkWaitOptions(what, options);
}

/** @param what The operation that cannot be done: the first words of the error. */
export function checkCellId(what: string, cellId: string): void {
  if (isCellId(cellId)) return;
  const wanted = `the cell id must be a string of at most ${MAX_ID_LENGTH} characters`;
  throw invalid(what, wanted, cellId);
}

/** @param what See `checkCellId`. */
export function checkWaitOptions(what: string, options: WaitOptions): void {
  if (!isObject(options)) throw invalid(what, 'the options must be an object', options);
  for (const name of ['signal', 'preempt'] as const) {
    const signal = options[name];
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw invalid(what, `${name} must be an AbortSignal`, signal);
    }
  }
}

export function checkEvents(options: EventsOptions): void {
  checkWaitOptions('Cannot follow a cell', options);
  const { after } = options;
  if (after === undefined || (Number.isSafeInteger(after) && after >= 0)) return;
  throw invalid('Cannot follow a cell', 'after must be a whole number', after);
}

export function checkObserve(cellId: string, mode: ObserveMode, options: WaitOptions): void {
  checkCellId('Cannot observe', cellId);
  checkObserveMode(mode);
  checkWaitOptions('Cannot observe', options);
}

export function checkResume(cellId: string, generation: number): void {
  checkCellId('Cannot resume', cellId);
  if (Number.isSafeInteger(generation) && generation >= 0) return;
  throw invalid('Cannot resume', 'the generation must be a whole number', generation);
}

/** @param what See `checkCellId`. */
export function checkTools(what: string, tools: readonly ToolDefinition[]): void {
  if (!Array.isArray(tools)) throw invalid(what, 'tools must be an array', tools);
  for (const [index, tool] of tools.entries()) checkTool(what, `tools[${index}]`, tool);
}

function checkTool(what: string, at: string, tool: unknown): void {
  if (!isObject(tool)) throw invalid(what, `${at} must be a tool definition`, tool);
  const { name, description, kind, toolName } = tool;
  checkString(what, `${at}.name`, name);
  checkString(what, `${at}.description`, description);
  if (kind !== undefined && kind !== 'function' && kind !== 'freeform') {
    throw invalid(what, `${at}.kind must be "function" or "freeform"`, kind);
  }
  if (toolName === undefined) return;
  if (!isObject(toolName)) throw invalid(what, `${at}.toolName must be an object`, toolName);
  checkString(what, `${at}.toolName.name`, toolName.name);
  const { namespace } = toolName;
  if (namespace !== null) checkString(what, `${at}.toolName.namespace`, namespace);
}

/** Checks the options that every kind of session has, except its limits. */
export function checkSessionOptions(options: {
  readonly delegate: unknown;
  readonly tools?: readonly ToolDefinition[] | undefined;
  readonly toolErrors?: unknown;
  readonly console?: unknown;
  readonly globals?: unknown;
}): void {
  const what = 'Cannot open a session';
  if (!isObject(options)) throw invalid(what, 'the options must be an object', options);
  const { delegate, tools, toolErrors, console, globals } = options;
  checkDelegate(what, delegate);
  if (tools !== undefined) checkTools(what, tools);
  checkFlag(what, 'console', console);
  if (toolErrors !== undefined && toolErrors !== 'error' && toolErrors !== 'string') {
    throw invalid(what, 'toolErrors must be "error" or "string"', toolErrors);
  }
  if (globals !== undefined && globals !== 'standard' && globals !== 'web') {
    throw invalid(what, 'globals must be "standard" or "web"', globals);
  }
}

/** Checks the id for a new session. */
export function checkSessionId(sessionId: string): void {
  if (isSessionId(sessionId)) return;
  const wanted = `sessionId must be a string of at most ${MAX_ID_LENGTH} characters that is not blank`;
  throw invalid('Cannot open a session', wanted, sessionId);
}

function checkDelegate(what: string, delegate: unknown): void {
  const { invokeTool, notify } = isObject(delegate) ? delegate : {};
  if (typeof invokeTool === 'function' && typeof notify === 'function') return;
  throw invalid(what, 'the delegate must have the methods invokeTool and notify', delegate);
}

function checkString(what: string, name: string, value: unknown): void {
  if (typeof value !== 'string') throw invalid(what, `${name} must be a string`, value);
}

function checkFlag(what: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw invalid(what, `${name} must be a boolean`, value);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function invalid(what: string, wanted: string, got: unknown): CodeModeError {
  return new CodeModeError('invalid_argument', `${what}: ${wanted}, got ${kindOf(got)}`);
}

/** The kind of a value in one word: the value itself may be long. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  return value === undefined ? 'nothing' : `a value of type ${typeof value}`;
}
