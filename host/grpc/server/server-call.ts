import type { Reading } from '../../core/reading-gate.ts';
import type { SessionTable } from '../../core/session-table.ts';
import type { StatusError } from '../status.ts';

/** The connection that carries a call. */
export interface Caller {
  /** Names the connection, for people. */
  readonly peer: string;
  /** Reads its requests. */
  readonly reading: Reading;
  /** The sessions that were opened over this connection. */
  readonly sessions: SessionTable;
  /** Whether it is being closed, so that it takes no new sessions. */
  readonly isClosing: boolean;
  /** Takes no more calls, and ends with the last one. Safe to call twice. */
  retire(): void;
}

/** A call as a service sees it, whatever carries it. It is answered with messages and one end. */
export interface ServerCall {
  readonly caller: Caller;

  /**
   * Sends the headers of the answer now; otherwise they are sent with the first message.
   *
   * @param fields More headers, by name.
   */
  sendHeaders(fields?: Readonly<Record<string, string>>): void;

  /**
   * Sends a message. After the end it does nothing.
   *
   * @param message With its prefix, perhaps in parts. Must not be changed afterwards.
   * @param taken Called once: when the message has left, or was lost with the call.
   */
  send(message: Buffer | readonly Buffer[], taken: () => void): void;

  /** Ends the answer without an error. After the end it does nothing. */
  end(): void;

  /** Ends the answer with an error. After the end it does nothing. */
  fail(error: StatusError): void;

  /** Ends the call at once; what has not left is lost. */
  reset(): void;

  /**
   * Sets who is told when the call is over. Called once, also if it is over already.
   *
   * @param closed Gets whether the call was over before its answer was.
   */
  onClosed(closed: (isDropped: boolean) => void): void;
}
