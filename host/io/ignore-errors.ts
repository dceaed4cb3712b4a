import type { EventEmitter } from 'node:events';

const ignore = (): void => {};

/**
 * Keeps the errors of a stream, socket or process from ending this process, for as long as it can emit them.
 *
 * The listener is never removed: Node.js emits `'error'` even a tick after `closed`, after `destroy()`, and for
 * pending writes. Code that needs an error adds its own listener, which it may remove.
 */
export function ignoreErrors(emitter: EventEmitter): void {
  if (emitter.listenerCount('error', ignore) === 0) emitter.on('error', ignore);
}
