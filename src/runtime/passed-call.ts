import type { Delegate, Notification, ToolCall } from '../delegate.ts';
import type { Cancelled } from '../errors.ts';
import { onAbort } from '../waiting/on-abort.ts';

/** Whoever hears that a call was cancelled. */
export interface CancelListener {
  /** Called once, in place. Must not throw. */
  cancelled(reason: Cancelled): void;
}

/**
 * A call that a host passes on, or a notification: says whether it was cancelled, and takes its answer.
 * Unlike a promise and an `AbortSignal`, it takes no time and memory besides.
 */
export interface PassedCall {
  /** Why it was cancelled; null before. */
  readonly reason: Cancelled | null;
  /** Who hears of it if it is cancelled later. */
  listener: CancelListener | null;
  /** Answers it with any JSON value, or a `JsonText`. Either this or `failed` is called, once. */
  answered(result: unknown): void;
  failed(error: unknown): void;
}

/** Passes calls on to a client. The methods must not throw. */
export interface CallPasser {
  passCall(call: ToolCall, passed: PassedCall): void;
  /** Its result does not matter, nor why it failed. */
  passNotification(notification: Notification, passed: PassedCall): void;
  /** See `Delegate`. */
  cellClosed?(cellId: string): void;
}

/** A delegate that passes calls on. A session does not call its other methods. */
export type PassingDelegate = Delegate & CallPasser;

export function isPassing(delegate: Delegate): delegate is PassingDelegate {
  return 'passCall' in delegate;
}

/** Passes a call of somebody who waits for a promise. */
export function awaitPassed(
  pass: (passed: PassedCall) => void,
  signal: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const passed = {
      reason: signal.aborted ? (signal.reason as Cancelled) : null,
      listener: null as CancelListener | null,
      answered: (result: unknown) => {
        unlink();
        resolve(result);
      },
      failed: (error: unknown) => {
        unlink();
        reject(error);
      },
    };
    const unlink = onAbort(signal, () => {
      passed.reason = signal.reason;
      passed.listener?.cancelled(signal.reason);
    });
    pass(passed);
  });
}
