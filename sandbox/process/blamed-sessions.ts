import { RecentMap } from '../../src/collections/recent-map.ts';
import type { EndCause } from './end-cause.ts';

/** How long a session is remembered for the end of its process, in milliseconds. */
export const BLAME_MS = 10_000;
const MAX_SESSIONS = 1_024;

/** Causes that the programs of a process are to blame for. */
const OWN_FAULT: ReadonlySet<EndCause> = new Set([
  'memory',
  'stuck',
  'silent',
  'garbled',
  'crashed',
]);

/**
 * Sessions whose programs recently brought down their process.
 *
 * Such a session must not take over the warm processes of others again and again: it waits for a new
 * one.
 */
export class BlamedSessions {
  readonly #untilMs = new RecentMap<symbol, number>(MAX_SESSIONS);

  /** The process of these sessions has ended, or is being ended. */
  ended(cause: EndCause, sessions: Iterable<symbol>, nowMs: number): void {
    if (!OWN_FAULT.has(cause)) return;
    for (const session of sessions) this.#untilMs.set(session, nowMs + BLAME_MS);
  }

  has(session: symbol, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(session);
    if (untilMs === undefined) return false;
    if (untilMs > nowMs) return true;
    this.#untilMs.delete(session);
    return false;
  }
}
