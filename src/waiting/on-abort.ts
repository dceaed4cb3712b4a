/**
 * Calls `listener` when `signal` aborts. Never calls it if the signal has aborted before.
 *
 * For waits that end in a promise, use `execute` or `abortable` of abort-controller-x instead.
 *
 * @returns Removes the listener. Safe to call twice.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  signal.addEventListener('abort', listener);
  return () => signal.removeEventListener('abort', listener);
}
