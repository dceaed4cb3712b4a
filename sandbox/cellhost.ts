export type { CallbackCounts } from '../src/callbacks.ts';
export { type Delegate, JsonText, type Notification, ToolCall } from '../src/delegate.ts';
export { Cancelled, type CancelReason, CodeModeError, type ErrorCode } from '../src/errors.ts';
export type {
  CellEvent,
  CellFailure,
  FailureKind,
  ImageDetail,
  MissingReason,
  OutputItem,
  PendingCall,
} from '../src/events.ts';
export { DEFAULT_SESSION_LIMITS, type SessionLimits } from '../src/limits.ts';
export type {
  Program,
  ProgramCalls,
  ProgramEnd,
  ProgramTool,
  Sandbox,
  SandboxRun,
  ToolAnswer,
  ToolErrors,
} from '../src/sandbox.ts';
export { schemaToTypescript } from '../src/schema-to-typescript.ts';
export type {
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  Session,
  StartedCell,
  WaitOptions,
} from '../src/session.ts';
export { SessionRuntime, type SessionRuntimeOptions } from '../src/session-runtime.ts';
export {
  MemoryStoredValues,
  type StoredValues,
  type StoredValuesBounds,
  type ValuesSnapshot,
} from '../src/stored-values.ts';
export { declareTool, describeTools, sharedMcpTypes } from '../src/tool-declarations.ts';
export {
  flatToolName,
  type OfferedTool,
  offeredTools,
  type ToolDefinition,
  type ToolKind,
  type ToolName,
  toolIdentifier,
} from '../src/tools.ts';
export type { SandboxLimits } from './limits.ts';
export { type OpenSessionOptions, openSession } from './open-session.ts';
export type { ProcessLimits } from './process/limits.ts';
export { ProcessSandbox, type ProcessSandboxOptions, processSandbox } from './process-sandbox.ts';
