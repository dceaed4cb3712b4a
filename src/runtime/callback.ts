import type { ToolCall } from '../delegate.ts';
import type { Cancelled } from '../errors.ts';
import type { CancelListener, PassedCall } from './passed-call.ts';
import { failureOf } from './tool-answer.ts';

/** What happens when a callback has returned: with its result, or a `Failure`. */
export type Returned = (callback: Callback, result: unknown) => void;

/** A running tool call or notification. It is one object, because there may be very many. */
export class Callback implements PassedCall {
  /** The number of the call in its program; 0 for a notification. */
  readonly id: number;
  /** Null for a notification. */
  readonly call: ToolCall | null;
  /** Reserved in the budget. */
  readonly bytes: number;
  /** Null if it is passed on. */
  readonly controller: AbortController | null;
  readonly #returned: Returned;
  state: 'running' | 'over' | 'abandoned' = 'running';
  reason: Cancelled | null = null;
  listener: CancelListener | null = null;

  constructor(
    id: number,
    call: ToolCall | null,
    bytes: number,
    controller: AbortController | null,
    returned: Returned,
  ) {
    this.id = id;
    this.call = call;
    this.bytes = bytes;
    this.controller = controller;
    this.#returned = returned;
  }

  answered(result: unknown): void {
    this.#returned(this, result);
  }

  failed(error: unknown): void {
    this.#returned(this, failureOf(error));
  }

  /** Cancels it, once. Its listeners are called in place. */
  cancel(reason: Cancelled): void {
    if (this.controller !== null) return this.controller.abort(reason);
    this.reason = reason;
    this.listener?.cancelled(reason);
  }
}
