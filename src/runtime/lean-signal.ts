import type { Delegate, Notification, ToolCall } from '../delegate.ts';
import type { Cancelled } from '../errors.ts';

/** Whoever hears that a call was cancelled. */
export interface CancelListener {
  /** Must not throw. */
  handleEvent(): void;
}

/** What a call needs of its signal: any `AbortSignal` has it. */
export interface CallSignal {
  readonly aborted: boolean;
  /** Undefined before it has aborted. */
  readonly reason: Cancelled;
  addEventListener(type: 'abort', listener: CancelListener, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: CancelListener): void;
}

/**
 * A delegate that passes calls on and listens to each signal once. It gets a `LeanSignal` with each
 * call: making, hearing and aborting an `AbortSignal` takes as long as the rest of a call.
 */
export interface LeanDelegate extends Delegate {
  readonly isLean: true;
  invokeTool(call: ToolCall, signal: CallSignal): Promise<unknown>;
  notify(notification: Notification, signal: CallSignal): Promise<void>;
}

/** Whether a delegate makes do with lean signals. */
export function isLean(delegate: Delegate): delegate is LeanDelegate {
  return 'isLean' in delegate && delegate.isLean === true;
}

/** The signal of one call, and its controller. It has one listener at most. */
export class LeanSignal implements CallSignal {
  #listener: CancelListener | null = null;
  aborted = false;
  reason!: Cancelled;

  get signal(): LeanSignal {
    return this;
  }

  addEventListener(_type: 'abort', listener: CancelListener): void {
    if (this.#listener !== null) throw new Error('Cannot listen to a lean signal twice');
    this.#listener = listener;
  }

  removeEventListener(_type: 'abort', listener: CancelListener): void {
    if (this.#listener === listener) this.#listener = null;
  }

  /** Like `AbortController.abort`: calls the listener in place, once. */
  abort(reason: Cancelled): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listener = this.#listener;
    this.#listener = null;
    listener?.handleEvent();
  }
}
