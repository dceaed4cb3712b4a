export type { CallbackCounts } from './callbacks.ts';
export { type Delegate, JsonText, type Notification, ToolCall } from './delegate.ts';
export { Cancelled, type CancelReason, CodeModeError, type ErrorCode } from './errors.ts';
export type {
  CellEvent,
  CellFailure,
  FailureKind,
  ImageDetail,
  MissingReason,
  OutputItem,
  PendingCall,
} from './events.ts';
export { DEFAULT_SESSION_LIMITS, type SessionLimits } from './limits.ts';
export type { CellEnd, CellPhase, LiveEvent, LiveEvents, LiveNews } from './live-events.ts';
export type {
  Program,
  ProgramCalls,
  ProgramEnd,
  ProgramTool,
  Sandbox,
  SandboxRun,
  ToolAnswer,
  ToolErrors,
} from './sandbox.ts';
export { schemaToTypescript } from './schema-to-typescript.ts';
export type {
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  Session,
  StartedCell,
  WaitOptions,
} from './session.ts';
export { SessionRuntime, type SessionRuntimeOptions } from './session-runtime.ts';
export {
  MemoryStoredValues,
  type StoredValues,
  type StoredValuesBounds,
  type ValuesSnapshot,
} from './stored-values.ts';
export { declareTool, describeTools, sharedMcpTypes } from './tool-declarations.ts';
export {
  flatToolName,
  type OfferedTool,
  offeredTools,
  type ToolDefinition,
  type ToolKind,
  type ToolName,
  toolIdentifier,
} from './tools.ts';
