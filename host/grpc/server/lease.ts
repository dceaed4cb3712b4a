import type { Notification } from '../../../src/delegate.ts';
import type { CallPasser, PassedCall } from '../../../src/runtime/passed-call.ts';
import type { ToolName } from '../../../src/tools.ts';
import { startTimer } from '../../../src/waiting/timer.ts';
import { AnswerQueue } from '../../core/answer-queue.ts';
import type { HostedSession, Sent } from '../../core/hosted-session.ts';
import { CLOSE_WITHIN_MS } from '../../io/close-within-ms.ts';
import { SessionEvent } from '../generated/code-mode.ts';
import { encodeMessage } from '../message-framing.ts';
import { Status, StatusError } from '../status.ts';
import type { Execution } from './executions.ts';
import { Observations } from './observations.ts';
import { toStatusError } from './outcomes.ts';
import type { ServerCall } from './server-call.ts';
import { Subscription } from './subscription.ts';
import { ToolCalls } from './tool-calls.ts';
import { UnreadBytes } from './unread-bytes.ts';

/** What a lease is made of. */
export interface LeaseParts {
  readonly sessionId: string;
  /** The stream that is the lease. */
  readonly call: ServerCall;
  /** Tool calls that the client takes at once. */
  readonly capacity: number;
  /** See `HostLimits`. */
  readonly maxUnreadBytes: number;
  /** Called once, when every stream of the session has ended. */
  readonly onClosed: () => void;
}

type Event = NonNullable<SessionEvent['event']>;

/** A session that lives as long as a stream: what its client is told, and who is asked for tools. */
export class Lease {
  readonly sessionId: string;
  readonly executions = new Observations('execution');
  readonly waits = new Observations('wait');
  /** Asks the client for what programs call. */
  readonly delegate: CallPasser;
  readonly toolCalls: ToolCalls;
  readonly #parts: LeaseParts;
  /** By the ids of their cells. */
  readonly #cells = new Map<string, Execution>();
  /** Messages on the lease itself. */
  readonly #told = new UnreadBytes();
  /** Messages that answer calls. */
  readonly #unread = new UnreadBytes();
  readonly #answers: AnswerQueue;
  /** Calls that wait for an answer of the session, and who waits for their ends. */
  readonly #open = new Map<ServerCall, () => void>();
  #end: StatusError | null = null;
  #isOpen = true;
  #closing: Promise<void> | null = null;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    const { sessionId, call, capacity, maxUnreadBytes } = parts;
    this.sessionId = sessionId;
    this.toolCalls = new ToolCalls({
      sessionId,
      capacity,
      onCancelled: (invocationId) =>
        this.#tell({ $case: 'toolCallCancelled', value: { invocationId } }),
      onCheck: (checked, bytes) => this.caller.sessions.countWhile(checked, bytes),
    });
    this.delegate = {
      passCall: (toolCall, passed) => {
        const execution = this.#executionOf(toolCall.cellId);
        if (execution === null) passed.failed(foreign(toolCall.cellId));
        else this.toolCalls.pass(execution, toolCall, passed);
      },
      passNotification: (notification, passed) => this.#notify(notification, passed),
    };
    this.#answers = new AnswerQueue(this.#outlet(call.caller.peer), maxUnreadBytes);
    call.onClosed(() => void this.close());
  }

  /** The connection over which the session was opened. */
  get caller(): ServerCall['caller'] {
    return this.#parts.call.caller;
  }

  /** Whether it can no longer be asked for anything. */
  get isClosing(): boolean {
    return this.#closing !== null;
  }

  /** @throws `session_unknown` if the session could not be opened. */
  get session(): HostedSession {
    return this.caller.sessions.get(this.sessionId);
  }

  /** Tells the client that the session is open. */
  opened(value: Extract<Event, { $case: 'opened' }>['value'], route: string | null): void {
    this.#parts.call.sendHeaders(route === null ? {} : { 'x-code-mode-route': route });
    this.#tell({ $case: 'opened', value });
  }

  /** The client has been told of the cell of an execution. */
  started(execution: Execution): void {
    this.#cells.set(execution.cellId, execution);
  }

  /** Tells the client that a cell is closed. */
  cellClosed(cellId: string): void {
    const execution = this.#cells.get(cellId);
    if (execution === undefined) return;
    this.#cells.delete(cellId);
    const finalToolCallSequence = BigInt(execution.lastSequence);
    const value = { executionId: execution.id, cellId, finalToolCallSequence };
    this.#tell({ $case: 'cellClosed', value });
  }

  /**
   * Keeps a call for `answer`, so that it ends with the session.
   *
   * @param onDropped Called if the client lets go of it before its answer.
   * @returns Resolves when the client has the answer, or the session closes.
   */
  track(call: ServerCall, onDropped: () => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#open.set(call, resolve);
    call.onClosed((isDropped) => {
      this.#open.delete(call);
      resolve();
      if (isDropped) onDropped();
    });
    return promise;
  }

  /** Answers a call at the pace at which the client reads: `encode` is called when there is room. */
  answer(call: ServerCall, encode: () => Buffer): Sent {
    return this.#answers.send(() => {
      try {
        this.send(call, encode());
        call.end();
      } catch (error) {
        call.fail(toStatusError(error));
      }
      return undefined;
    });
  }

  /** Fails a call, after the answers that wait. */
  fail(call: ServerCall, error: unknown): Sent {
    return this.#answers.send(() => {
      call.fail(toStatusError(error));
      return undefined;
    });
  }

  subscribe(call: ServerCall, toolNames: readonly ToolName[]): void {
    const subscription = new Subscription(call, toolNames);
    this.toolCalls.subscribe(subscription);
    // The client asks for nothing before it has them.
    call.sendHeaders();
    call.onClosed(() => {
      // Calls that it took may be running, and are never sent twice.
      if (subscription.open > 0) void this.close();
      this.toolCalls.unsubscribe(subscription);
    });
  }

  /** Closes the session: tells of every cell, then ends every stream. Later calls wait for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { call, onClosed } = this.#parts;
    // A client that does not read its answers has as long as a connection takes to close.
    this.#answers.endWithin(CLOSE_WITHIN_MS);
    for (const resolve of this.#open.values()) resolve();
    await this.#closeSession();
    this.#isOpen = false;
    this.#told.end();
    this.#unread.end();
    const gone = new Error('code-mode client connection closed');
    const subscriptions = this.toolCalls.failAll(gone);
    const calls = [...this.#open.keys()];
    for (const each of [...subscriptions, ...calls]) each.end();
    if (this.#end === null) call.end();
    else call.fail(this.#end);
    onClosed();
    // What a client has not read by then would stay as long as its connection.
    startTimer(() => {
      for (const each of [...subscriptions, ...calls, call]) each.reset();
    }, CLOSE_WITHIN_MS)?.unref();
  }

  async #closeSession(): Promise<void> {
    try {
      await this.caller.sessions.close(this.sessionId);
    } catch {
      // It was never opened, or its sandbox cannot be left in good order: the lease ends anyway.
    }
  }

  /** A notification is delivered when there was room to send it. */
  #notify(notification: Notification, passed: PassedCall): void {
    if (passed.reason !== null) return passed.failed(passed.reason);
    const full = this.#told.drained();
    if (full === undefined) return this.#notifyNow(notification, passed);
    passed.listener = { cancelled: (reason) => passed.failed(reason) };
    void full.then(() => passed.reason === null && this.#notify(notification, passed));
  }

  #notifyNow({ cellId, text }: Notification, passed: PassedCall): void {
    passed.listener = null;
    const execution = this.#executionOf(cellId);
    if (execution === null) return passed.failed(foreign(cellId));
    const { id: executionId, toolCallId: callId } = execution;
    const notificationId = crypto.randomUUID();
    const value = { notificationId, executionId, cellId, callId, text };
    this.#write({ $case: 'notification', value });
    passed.answered(undefined);
  }

  /** Null for a cell that this client has not started. */
  #executionOf(cellId: string): Execution | null {
    return this.#cells.get(cellId) ?? null;
  }

  /** What is told without waiting adds up if the client does not read it. */
  #tell(event: Event): void {
    this.#write(event);
    const { maxUnreadBytes } = this.#parts;
    if (this.#told.bytes <= maxUnreadBytes || this.#end !== null) return;
    const text = `code-mode session has too many unread events: ${maxUnreadBytes} bytes (maxUnreadBytes)`;
    this.#fail(new StatusError(Status.resourceExhausted, text));
  }

  #write(event: Event): void {
    const message = encodeMessage(SessionEvent, { event });
    this.#parts.call.send(message, this.#told.add(message.length));
  }

  /** Sends a message on a stream of the session, before all answers that wait. */
  send(call: ServerCall, message: Buffer): void {
    call.send(message, this.#unread.add(message.length));
  }

  /** Ends the session at once, without waiting for a client that does not read. */
  #fail(error: StatusError): void {
    this.#end ??= error;
    this.#isOpen = false;
    this.#told.end();
    this.#unread.end();
    for (const open of this.#open.keys()) open.reset();
    void this.close();
  }

  #outlet(peer: string) {
    const isOpen = () => this.#isOpen;
    const unread = this.#unread;
    return {
      peer,
      get isOpen() {
        return isOpen();
      },
      get queuedBytes() {
        return unread.bytes;
      },
      drained: () => unread.drained(),
      fail: (error: Error) => this.#fail(toStatusError(error)),
    };
  }
}

function foreign(cellId: string): Error {
  return new Error(`Cannot call the client for cell ${cellId}: it did not start that cell`);
}
