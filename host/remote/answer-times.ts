import { GRACE_MS } from '../../src/runtime/grace-period.ts';
import { yieldTimeoutMs } from '../../src/runtime/yield-timeout.ts';
import type { ObserveMode } from '../../src/session.ts';

/** Opening may start processes, or another connection. */
const OPEN_MS = 30_000;
/** Extra time for hosts of other projects; their own clients allow it. */
const OTHERS_MS = 60_000;

/** How long healthy hosts take to answer requests, in milliseconds; infinity for no bound. */
export class AnswerTimes {
  /** For a request whose caller stopped waiting, or that only looks something up. */
  readonly givenUpMs: number;
  readonly openMs: number;
  /** To terminate a cell or to close a session. */
  readonly endMs: number;

  /** @param hasCellsCapability Whether the host has `cellhost.cells`. */
  constructor(hasCellsCapability: boolean) {
    this.givenUpMs = hasCellsCapability ? 0 : OTHERS_MS;
    this.openMs = OPEN_MS + this.givenUpMs;
    this.endMs = GRACE_MS + this.givenUpMs;
  }

  /** To wait for a cell. */
  waitMs(mode: ObserveMode): number {
    if ('pending' in mode || mode.yieldAfterMs >= Number.MAX_SAFE_INTEGER) return Infinity;
    return yieldTimeoutMs(mode.yieldAfterMs, Infinity) + this.givenUpMs;
  }
}
