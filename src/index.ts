export { type Delegate, JsonText, type Notification, ToolCall } from './delegate.ts';
export {
  type DescribeRuntimeOptions,
  describeRuntime,
  type ModelTool,
  type RuntimeDescription,
} from './describe/describe-runtime.ts';
export type { GuideOptions } from './describe/runtime-guide.ts';
export { type SchemaOptions, schemaToTypescript } from './describe/schema-to-typescript.ts';
export {
  isFailure,
  type ModelContentOptions,
  toModelContent,
} from './describe/to-model-content.ts';
export {
  type DeclareToolOptions,
  type DescribeToolsOptions,
  declareTool,
  describeTools,
  sharedMcpTypes,
} from './describe/tool-declarations.ts';
export { runCell } from './embed/run-cell.ts';
export type {
  AcceptedBy,
  FromJsonSchema,
  FromObject,
  FromType,
  JsonSchema,
  RequiredIn,
  ValueOf,
  ValueSchema,
} from './embed/schema-types.ts';
export { type HandledTool, type ToolContext, type ToolSpec, tool } from './embed/tool.ts';
export {
  type HandlerOptions,
  type SessionTools,
  type ToolHandlers,
  withHandlers,
} from './embed/with-handlers.ts';
export {
  Cancelled,
  type CancelReason,
  CodeModeError,
  type ErrorCode,
  type ErrorText,
} from './errors.ts';
export type {
  CellEndEvent,
  CellEvent,
  CellFailure,
  FailureKind,
  ImageDetail,
  MissingReason,
  OutputItem,
  PendingCall,
} from './events.ts';
export { DEFAULT_SESSION_LIMITS, type SessionLimits } from './limits.ts';
export type {
  CellEnd,
  CellPhase,
  EventPlace,
  EventsOptions,
  LiveEvent,
  LiveEvents,
  LiveNews,
} from './live-events.ts';
export type { DropCause, DropCounts } from './routing/drop-log.ts';
export type { RouteErrorKind } from './routing/route-errors.ts';
export type { RouterStats } from './routing/router-types.ts';
export { ByteBudget } from './runtime/byte-budget.ts';
export type { CallbackCounts } from './runtime/callbacks.ts';
export type { Journal } from './runtime/cell-records.ts';
export { SessionRuntime, type SessionRuntimeOptions } from './runtime/session-runtime.ts';
export type {
  GuestGlobals,
  Program,
  ProgramCalls,
  ProgramEnd,
  ProgramTool,
  Sandbox,
  SandboxRun,
  ToolErrors,
} from './sandbox.ts';
export type {
  CellResult,
  CellSummary,
  ExecuteRequest,
  ObserveMode,
  RunCellOptions,
  Session,
  SessionSettings,
  StartedCell,
  StopCause,
  WaitOptions,
} from './session.ts';
export {
  MemoryStoredValues,
  type StoredValues,
  type StoredValuesBounds,
  type ValuesSnapshot,
} from './stored-values.ts';
export {
  flatToolName,
  type OfferedTool,
  offeredTools,
  type ToolDefinition,
  type ToolKind,
  type ToolName,
  toolIdentifier,
} from './tools.ts';
