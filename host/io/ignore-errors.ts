import type { EventEmitter } from 'node:events';

const ignore = (): void => {};

/**
 * Keeps the errors of a stream, socket or process from ending this process, for as long as it can emit any.
 *
 * The listener is never removed: Node emits `'error'` a tick after it says `closed`, after `destroy()`, and for
 * writes that were under way. Those who need an error listen for it themselves, and stop when they like.
 */
export function ignoreErrors(emitter: EventEmitter): void {
  if (!emitter.listeners('error').includes(ignore)) emitter.on('error', ignore);
}
