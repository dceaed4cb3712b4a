import type { Delegate } from '../delegate.ts';
import type { MissingReason } from '../events.ts';
import type { SessionLimits } from '../limits.ts';
import type { Program, Sandbox } from '../sandbox.ts';
import type { StoredValues } from '../stored-values.ts';
import type { OfferedTool } from '../tools.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { CallbackCounts } from './callbacks.ts';
import type { CellRecord } from './cell-record.ts';
import type { KeepAlive } from './keep-alive.ts';

/** What a cell is made of, and what it reports to. */
export interface CellParts {
  readonly id: string;
  readonly program: Program;
  /** By index, as the program calls them. */
  readonly tools: readonly OfferedTool[];
  readonly callId: string | null;
  readonly sandbox: Sandbox;
  readonly session: symbol;
  /** Runs tool calls and delivers notifications. */
  readonly delegate: Delegate;
  readonly counts: CallbackCounts;
  readonly record: CellRecord;
  /** Counts the callers that wait for the cell. Readers of its record count themselves. */
  readonly keepAlive: KeepAlive;
  readonly values: StoredValues;
  readonly limits: SessionLimits;
  /** For everything in the session that is pending at the delegate. */
  readonly budget: ByteBudget;
  /** Whether a wait may end with a yield while notifications are delivered. */
  readonly yieldsWhileDraining: boolean;
  /** Called once, when no callback runs any more. `buffered`: its completion is unclaimed. */
  readonly onClosed: (buffered: boolean) => void;
  /** Called once, when the cell can no longer be observed. */
  readonly onRetired: (reason: MissingReason) => void;
}
