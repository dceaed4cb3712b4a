import type { ToolKind, ToolName } from './tools.ts';

/** JSON text that passes through as it is, neither parsed nor checked here. */
export class JsonText {
  readonly text: string;

  /** @param text One JSON value. It is parsed inside the sandbox; if it cannot be, the call fails. */
  constructor(text: string) {
    this.text = text;
  }
}

/** A call of a tool by a program. */
export class ToolCall {
  readonly cellId: string;
  /** `tool-1`, `tool-2` … in the order of the calls of one cell. */
  readonly callId: string;
  /** The flat name of the tool, as in its definition. */
  readonly tool: string;
  /** The name and namespace the tool is routed by. */
  readonly toolName: ToolName;
  readonly kind: ToolKind;
  /** The argument as JSON text; undefined if the program passed none. */
  readonly inputJson: string | undefined;

  constructor(fields: {
    readonly cellId: string;
    readonly callId: string;
    readonly tool: string;
    readonly toolName: ToolName;
    readonly kind: ToolKind;
    readonly inputJson: string | undefined;
  }) {
    this.cellId = fields.cellId;
    this.callId = fields.callId;
    this.tool = fields.tool;
    this.toolName = fields.toolName;
    this.kind = fields.kind;
    this.inputJson = fields.inputJson;
  }

  /** The argument, parsed on every access; undefined if the program passed none. */
  get input(): unknown {
    return this.inputJson === undefined ? undefined : JSON.parse(this.inputJson);
  }
}

/** A message from a program to its conversation. */
export interface Notification {
  readonly cellId: string;
  /** The `callId` of the execute request; null if it had none. */
  readonly callId: string | null;
  /** Not blank. */
  readonly text: string;
}

/**
 * The embedder's side of a session: runs tool calls and delivers notifications.
 *
 * Calls run concurrently and start in the order the program made them. A method may also throw
 * synchronously or return a plain value.
 */
export interface Delegate {
  /**
   * Runs one tool call.
   *
   * Stop when `signal` aborts; its reason is a `Cancelled`. A call still running 100 ms later is
   * abandoned: its result is dropped.
   *
   * @returns Any JSON value, or a `JsonText`. It becomes the value the program awaits; undefined becomes null.
   * @throws Anything. The message becomes the error the program catches.
   */
  invokeTool(call: ToolCall, signal: AbortSignal): Promise<unknown>;

  /**
   * Delivers one notification. A cell ends only after its notifications were delivered, failed or
   * were cancelled. A failure is not reported to the program.
   */
  notify(notification: Notification, signal: AbortSignal): Promise<void>;

  /**
   * Called once for each cell, after its last `invokeTool` and `notify`. What it throws is ignored.
   */
  cellClosed?(cellId: string): void;
}
