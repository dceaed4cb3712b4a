import type { Notification } from '../../../src/delegate.ts';
import type { CallPasser } from '../../../src/runtime/passed-call.ts';
import type { ToolName } from '../../../src/tools.ts';
import { startTimer } from '../../../src/waiting/timer.ts';
import { AnswerQueue } from '../../core/answer-queue.ts';
import type { HostedSession, Sent } from '../../core/hosted-session.ts';
import { CLOSE_WITHIN_MS } from '../../io/close-within-ms.ts';
import { Status, StatusError } from '../status.ts';
import type { EncodedAnswer } from './encode-outcome.ts';
import type { Execution } from './executions.ts';
import { type LeaseEvent, LeaseEvents } from './lease-events.ts';
import { Observations } from './observations.ts';
import { toStatusError } from './outcomes.ts';
import type { ServerCall } from './server-call.ts';
import { Subscription } from './subscription.ts';
import { ToolCalls } from './tool-calls.ts';
import { sizeOf, UnreadBytes } from './unread-bytes.ts';

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
  readonly #events: LeaseEvents;
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
    this.#events = new LeaseEvents(call);
    this.toolCalls = new ToolCalls({
      sessionId,
      capacity,
      onCancelled: (invocationId) =>
        this.#tell({ $case: 'toolCallCancelled', value: { invocationId } }),
      onCheck: (checked, bytes) => this.caller.sessions.countWhile(checked, bytes),
    });
    this.delegate = {
      passCall: (toolCall, passed) => {
        const execution = this.#cells.get(toolCall.cellId);
        if (execution === undefined) passed.failed(foreign(toolCall.cellId));
        else this.toolCalls.pass(execution, toolCall, passed);
      },
      passNotification: (notification, passed) =>
        this.#events.notify(() => this.#notificationOf(notification), passed),
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
  opened(value: Extract<LeaseEvent, { $case: 'opened' }>['value'], route: string | null): void {
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

  /**
   * Answers a call at the pace at which the client reads: `encode` is called when there is room. A
   * large answer counts as unread while it is encoded, too.
   */
  answer(call: ServerCall, encode: () => EncodedAnswer): Sent {
    const send = (message: Buffer | readonly Buffer[]) => {
      this.send(call, message);
      call.end();
    };
    const fail = (error: unknown) => call.fail(toStatusError(error));
    return this.#answers.send(() => {
      try {
        const encoded = encode();
        if (!('message' in encoded)) return void send(encoded);
        const over = this.#unread.add(encoded.length);
        return encoded.message.then(send).catch(fail).finally(over);
      } catch (error) {
        fail(error);
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
    this.#events.end();
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

  /** @throws Error if this client has not started its cell. */
  #notificationOf({ cellId, text }: Notification) {
    const execution = this.#cells.get(cellId);
    if (execution === undefined) throw foreign(cellId);
    const { id: executionId, toolCallId: callId } = execution;
    const value = { notificationId: crypto.randomUUID(), executionId, cellId, callId, text };
    return { $case: 'notification', value } as const;
  }

  /** What is told without waiting adds up if the client does not read it. */
  #tell(event: LeaseEvent): void {
    this.#events.write(event);
    const { maxUnreadBytes } = this.#parts;
    if (this.#events.unreadBytes <= maxUnreadBytes || this.#end !== null) return;
    const text = `code-mode session has too many unread events: ${maxUnreadBytes} bytes (maxUnreadBytes)`;
    this.#fail(new StatusError(Status.resourceExhausted, text));
  }

  /** Sends a message on a stream of the session, before all answers that wait. */
  send(call: ServerCall, message: Buffer | readonly Buffer[]): void {
    call.send(message, this.#unread.add(sizeOf(message)));
  }

  /** Ends the session at once, without waiting for a client that does not read. */
  #fail(error: StatusError): void {
    this.#end ??= error;
    this.#isOpen = false;
    this.#events.end();
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
