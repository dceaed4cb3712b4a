import { CodeModeError } from './errors.ts';
import type { ToolKind, ToolName } from './tools.ts';

/** JSON text that passes through as it is, neither parsed nor checked here. */
export class JsonText {
  #json: string | Uint8Array;

  /**
   * @param json One JSON value, as text or as its bytes in UTF-8, which must not be changed afterwards.
   *   It is parsed inside the sandbox; if it cannot be, the call fails.
   */
  constructor(json: string | Uint8Array) {
    this.#json = json;
  }

  /** The text. Bytes are decoded on the first access. */
  get text(): string {
    if (typeof this.#json !== 'string') this.#json = utf8.decode(this.#json);
    return this.#json;
  }

  /** The text or its bytes in UTF-8, whichever there is. */
  get json(): string | Uint8Array {
    return this.#json;
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

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
  readonly #argument: string | JsonText | undefined;

  constructor(fields: {
    readonly cellId: string;
    readonly callId: string;
    readonly tool: string;
    readonly toolName: ToolName;
    readonly kind: ToolKind;
    readonly inputJson: string | JsonText | undefined;
  }) {
    this.cellId = fields.cellId;
    this.callId = fields.callId;
    this.tool = fields.tool;
    this.toolName = fields.toolName;
    this.kind = fields.kind;
    this.#argument = fields.inputJson;
  }

  /** The argument as JSON text; undefined if the program passed none. */
  get inputJson(): string | undefined {
    const argument = this.#argument;
    return typeof argument === 'object' ? argument.text : argument;
  }

  /** The argument as JSON, in text or in bytes of UTF-8, whichever there is; undefined if the program passed none. */
  get inputText(): string | Uint8Array | undefined {
    const argument = this.#argument;
    return typeof argument === 'object' ? argument.json : argument;
  }

  /**
   * The argument, parsed on every access; undefined if the program passed none.
   *
   * @throws `limit_exceeded` for an argument of more than 500,000 values, which would take long to
   *   parse. Its text is `inputJson`.
   */
  get input(): unknown {
    const json = this.inputJson;
    if (json === undefined) return undefined;
    if (json.length > MAX_INPUT_VALUES && hasMoreValues(json, MAX_INPUT_VALUES)) {
      const text = `Cannot read the argument of ${this.tool}: it has more than ${MAX_INPUT_VALUES} values`;
      throw new CodeModeError('limit_exceeded', text);
    }
    return JSON.parse(json);
  }
}

const MAX_INPUT_VALUES = 500_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** After each of these comes a value, unless an array or object is empty. */
const [COMMA, OPEN_BRACKET, OPEN_BRACE] = [0x2c, 0x5b, 0x7b];

/** Whether JSON text has more values than that, where an empty array or object may count as two. */
function hasMoreValues(json: string, max: number): boolean {
  let values = 1;
  for (let at = 0; at < json.length && values <= max; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfString(json, at);
    else if (code === COMMA || code === OPEN_BRACKET || code === OPEN_BRACE) values += 1;
  }
  return values > max;
}

/** The place of the quote that ends the string which begins there. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  for (let code = json.charCodeAt(at); code !== QUOTE; code = json.charCodeAt(at)) {
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
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
