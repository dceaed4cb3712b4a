/**
 * What went wrong, for programs. Codes are public API: the same call fails with the same code in
 * process and over a wire.
 */
export type ErrorCode =
  /** An argument has the wrong shape or is out of range. */
  | 'invalid_argument'
  /** The session is closed or closing. */
  | 'session_closed'
  /** The session has used up its cell ids. */
  | 'cell_ids_exhausted'
  /** Another caller observes the cell. */
  | 'cell_busy'
  /** The cell is already being terminated. */
  | 'cell_terminating'
  /** `resume` named a frontier that does not exist yet. */
  | 'invalid_generation'
  /** A limit would be exceeded; the message names the limit and its value. */
  | 'limit_exceeded'
  /** The sandbox could not be started or was closed. */
  | 'sandbox_failed'
  /** A configuration cannot be read or is invalid. */
  | 'invalid_config'
  /** A tool server could not be started or was lost. */
  | 'tool_server_failed'
  /** A host and its client could not agree on a protocol. */
  | 'handshake_failed'
  /** The connection to the host failed or was lost. */
  | 'connection_lost'
  /** The connection of this session was lost earlier, along with its cells and stored values. */
  | 'state_lost'
  /** The peer lacks the capability that this needs. */
  | 'unsupported'
  /** The host has no session with that id. */
  | 'session_unknown'
  /** The session was handed over to a proxy. */
  | 'handed_over'
  /** The peer failed the request without a code. */
  | 'peer_failed'
  /** The request was cancelled. */
  | 'cancelled';

/** The one error class of this package: `code` for programs, `message` for people. */
export class CodeModeError extends Error {
  override readonly name: string = 'CodeModeError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The error with a message of the client, which may be carried as it is. */
export function errorOf(message: string | ErrorText): Error {
  return message instanceof ErrorText ? new CarriedError(message) : new Error(message);
}

/** The message of any thrown value. Does not throw. */
export function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'the tool failed with an error that cannot be shown';
  }
}

/** Why something was cancelled. */
export type CancelReason =
  /** The cell was terminated. */
  | 'terminate'
  /** The session was closed. */
  | 'shutdown'
  /** The program ended while this call was still running. */
  | 'completion'
  /** Draining took longer than the limit `drainMs`. */
  | 'drain-timeout'
  /** The peer went away. */
  | 'disconnect';

/** The abort reason of every signal that this package passes on; its name is `AbortError`. */
export class Cancelled extends Error {
  override readonly name: string = 'AbortError';
  readonly reason: CancelReason;

  constructor(reason: CancelReason) {
    super(`Cancelled: ${reason}`);
    this.reason = reason;
  }
}

/** The message of an error as it came, in bytes that nobody looks into on the way to its program. */
export class ErrorText {
  /** In UTF-8; must not be changed afterwards. */
  readonly bytes: Uint8Array;
  /** Whether the bytes are a JSON string, rather than the text itself. */
  readonly isJson: boolean;

  constructor(bytes: Uint8Array, isJson: boolean) {
    this.bytes = bytes;
    this.isJson = isJson;
  }

  /** The message, decoded on every access. */
  get text(): string {
    const text = utf8.decode(this.bytes);
    return this.isJson ? (JSON.parse(text) as string) : text;
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** An error whose message is carried in bytes. They are decoded when somebody reads it. */
export class CarriedError extends Error {
  readonly carried: ErrorText;

  constructor(carried: ErrorText) {
    super();
    this.carried = carried;
    Object.defineProperty(this, 'message', { get: () => carried.text, configurable: true });
  }
}
