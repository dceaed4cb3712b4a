import { GRACE_MS } from '../../src/runtime/grace-period.ts';
import { yieldTimeoutMs } from '../../src/runtime/yield-timeout.ts';
import type { Operation } from '../wire/protocol.ts';

/** Opening may start processes, or another connection. */
const OPEN_MS = 30_000;
/** Extra time for hosts of other projects; their own clients allow it. */
const V1_MS = 60_000;
/** For an execute that sets no time. */
const DEFAULT_YIELD_MS = 10_000;

type Execute = Extract<Operation, { method: 'session/execute' }>;

/** How long healthy hosts take to answer requests, in milliseconds; infinity for no bound. */
export class AnswerTimes {
  /** For a request whose caller stopped waiting. */
  readonly givenUpMs: number;

  /** @param hasCellsCapability Whether the host has `cellhost.cells`. */
  constructor(hasCellsCapability: boolean) {
    this.givenUpMs = hasCellsCapability ? 0 : V1_MS;
  }

  /** Until the answer; for an execute, until the cell has started. */
  of(request: Operation): number {
    return ownMs(request) + this.givenUpMs;
  }

  /** From the start of a cell to its first event. */
  ofFirstEvent({ request }: Execute): number {
    return waitMs(request) + this.givenUpMs;
  }
}

function ownMs(request: Operation): number {
  switch (request.method) {
    case 'session/open':
    case 'session/create':
      return OPEN_MS;
    case 'session/wait':
      return waitMs(request.request);
    case 'session/terminate':
    case 'session/shutdown':
      return GRACE_MS;
    case 'session/events':
      return Number.POSITIVE_INFINITY;
    case 'session/execute':
    case 'session/resume':
    case 'session/cells':
    case 'session/values':
      return 0;
  }
}

function waitMs(request: {
  readonly yield_time_ms: number | null;
  readonly observe?: object | undefined;
}): number {
  const { yield_time_ms: ms, observe } = request;
  if (observe !== undefined && 'pending' in observe) return Number.POSITIVE_INFINITY;
  const isEndless = ms !== null && ms >= Number.MAX_SAFE_INTEGER;
  return isEndless ? Number.POSITIVE_INFINITY : yieldTimeoutMs(ms ?? DEFAULT_YIELD_MS, Infinity);
}
