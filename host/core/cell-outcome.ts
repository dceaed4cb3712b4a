import type { CellEvent } from '../../src/events.ts';

/** The answer to a request that waited for a cell, for any wire. */
export interface CellOutcome {
  /** Its items are what the client may show to a model. */
  readonly event: CellEvent;
  /** Milliseconds from the request to this answer. */
  readonly tookMs: number;
  /** Milliseconds for which a completion had waited for a request. */
  readonly bufferedMs: number;
}
