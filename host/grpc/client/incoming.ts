import { RecentSet } from '../../../src/collections/recent-set.ts';
import { Cancelled, type CancelReason } from '../../../src/errors.ts';
import { DEFAULT_SESSION_LIMITS } from '../../../src/limits.ts';
import type { Reply } from '../../../src/routing/routed-items.ts';
import { startTimer } from '../../../src/waiting/timer.ts';
import type { AskedEnds } from '../../remote/asked-ends.ts';
import type { HostCall, SessionRouter, SessionTraffic } from '../../remote/session-traffic.ts';
import type { CellClosed, Notification, SessionEvent, ToolCall } from '../generated/code-mode.ts';
import { CellEnds } from './cell-ends.ts';
import { Closings } from './closings.ts';
import { bytesOfCall, senseless, toToolCall } from './from-messages.ts';

/** Sends the answers to a host's calls. */
export interface CallAnswers {
  succeeded(invocationId: string, json: string): void;
  failed(invocationId: string, message: string): void;
  acknowledged(notificationId: string): void;
}

/** What the calls of a session are made of. */
export interface IncomingParts {
  readonly sessionId: string;
  readonly router: SessionRouter;
  /** Why hosts cancel their calls. */
  readonly ends: AskedEnds;
  readonly answers: CallAnswers;
}

interface OpenCall {
  readonly cellId: string;
  readonly controller: AbortController;
}

/** How many calls are remembered that were cancelled before they arrived. */
const MAX_CANCELLED = 4_096;
/** How many cells may be open, or closed while something of them is missing. */
const MAX_CELLS = 65_536;
/** How long the end of a cell waits for its notifications, as in a session without limits of its own. */
const DRAIN_MS = DEFAULT_SESSION_LIMITS.drainMs;
/** What keeping a call costs besides its texts, in bytes. */
const CALL_BYTES = 256;

/** What a host sends to one session: takes it to the router in order, and the answers back. */
export class Incoming {
  readonly #parts: IncomingParts;
  readonly #open = new Map<string, OpenCall>();
  readonly #cancelled = new RecentSet<string>(MAX_CANCELLED);
  readonly #closings = new Closings();
  readonly #ends = new CellEnds(DRAIN_MS);
  #isEnded = false;

  constructor(parts: IncomingParts) {
    this.#parts = parts;
  }

  /** How many calls are unanswered. */
  get unanswered(): number {
    return this.#open.size;
  }

  /** @throws StatusError if the call makes no sense. */
  toolCall(message: ToolCall): void {
    const { invocationId, cellId } = message;
    if (this.#open.has(invocationId)) throw senseless(`a second tool call ${invocationId}`);
    const call = toToolCall(message);
    const bytes = bytesOfCall(message) + CALL_BYTES;
    this.#deliver(invocationId, cellId, { type: 'tool', call }, bytes, (reply) => {
      if ('error' in reply) this.#parts.answers.failed(invocationId, reply.error.message);
      else if (reply.result.type === 'tool/result') {
        this.#parts.answers.succeeded(invocationId, reply.result.json);
      }
    });
    if (this.#cancelled.delete(invocationId)) this.#cancel(invocationId);
    if (this.#closings.called(cellId)) this.#close(cellId);
    if (this.#closings.size > MAX_CELLS) throw senseless('calls of too many cells');
  }

  /** Everything but the beginning of the session. @throws StatusError if the event makes no sense. */
  event({ event }: SessionEvent): void {
    switch (event?.$case) {
      case 'toolCallCancelled': {
        const { invocationId } = event.value;
        // The stream of calls may be behind.
        if (!this.#cancel(invocationId)) this.#cancelled.add(invocationId);
        return;
      }
      case 'notification':
        return this.#notify(event.value);
      case 'notificationCancelled':
        this.#cancel(event.value.notificationId);
        return;
      case 'cellClosed':
        return this.#closed(event.value);
      case 'opened':
        throw senseless('the beginning of a session twice');
      case undefined:
        // An event of a newer host.
        return;
    }
  }

  /** Resolves when everything about a cell was delivered that the host has sent. */
  untilEnded(cellId: string): Promise<void> {
    return this.#ends.until(cellId);
  }

  /** The end of a cell waits for its notifications no longer, as when it is about to be terminated. */
  hurry(cellId: string, reason?: CancelReason): void {
    if (this.#closings.hurry(cellId)) this.#close(cellId, reason);
  }

  /** Nothing more will arrive, and nothing can be answered. */
  end(): void {
    this.#isEnded = true;
    this.#open.clear();
    this.#closings.clear();
    this.#ends.end();
  }

  #closed({ cellId, finalToolCallSequence }: CellClosed): void {
    if (this.#closings.closed(cellId, finalToolCallSequence)) return this.#close(cellId);
    if (this.#closings.size > MAX_CELLS) throw senseless('ends of too many cells');
    const { ends, sessionId } = this.#parts;
    if (ends.reasonFor(sessionId, cellId) === 'terminate') this.hurry(cellId);
    else startTimer(() => this.hurry(cellId, 'drain-timeout'), DRAIN_MS)?.unref();
  }

  #notify({ notificationId, executionId, cellId, callId, text }: Notification): void {
    if (this.#open.has(notificationId)) throw senseless(`a second notification ${notificationId}`);
    // An execute without an id of the caller has its own.
    const notification = { cellId, callId: callId === executionId ? null : callId, text };
    const bytes = text.length + callId.length + CALL_BYTES;
    const message = { type: 'notification', notification } as const;
    this.#closings.notified(cellId);
    this.#deliver(notificationId, cellId, message, bytes, (reply) => {
      if ('result' in reply) this.#parts.answers.acknowledged(notificationId);
      if (this.#closings.delivered(cellId)) this.#close(cellId);
    });
  }

  #deliver(
    id: string,
    cellId: string,
    message: HostCall,
    bytes: number,
    answer: (reply: Reply<SessionTraffic>) => void,
  ): void {
    const controller = new AbortController();
    this.#open.set(id, { cellId, controller });
    const reply = (given: Reply<SessionTraffic>) => {
      if (this.#open.delete(id)) answer(given);
    };
    const { router, sessionId } = this.#parts;
    router.route(sessionId, { kind: 'request', message, bytes, controller, reply });
  }

  /** @returns Whether the call was open. The host accepts no late answer. */
  #cancel(id: string, reason?: CancelReason): boolean {
    const call = this.#open.get(id);
    if (call === undefined) return false;
    this.#open.delete(id);
    const { ends, sessionId } = this.#parts;
    const why = reason ?? ends.reasonFor(sessionId, call.cellId);
    call.controller.abort(new Cancelled(why));
    return true;
  }

  #close(cellId: string, reason?: CancelReason): void {
    if (this.#isEnded) return;
    const { router, sessionId } = this.#parts;
    for (const [id, call] of this.#open) {
      if (call.cellId === cellId) this.#cancel(id, reason);
    }
    router.route(sessionId, { kind: 'event', message: { cellId } });
    this.#ends.ended(cellId);
  }
}
