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

/** What a cell is made of, and whom it tells. */
export interface CellParts {
  readonly id: string;
  readonly program: Program;
  /** By the index the program calls them by. */
  readonly tools: readonly OfferedTool[];
  readonly callId: string | null;
  readonly sandbox: Sandbox;
  readonly session: symbol;
  /** Does what the program asks for. */
  readonly delegate: Delegate;
  readonly counts: CallbackCounts;
  readonly record: CellRecord;
  /** Counts who waits for the cell; the readers of its record do so themselves. */
  readonly keepAlive: KeepAlive;
  readonly values: StoredValues;
  readonly limits: SessionLimits;
  /** Of what waits for the delegate in the whole session. */
  readonly budget: ByteBudget;
  /** Whether a wait may end with a yield while notifications are delivered. */
  readonly yieldsWhileDraining: boolean;
  /** Called once: no callback runs any more. `buffered`: its completion waits to be asked for. */
  readonly onClosed: (buffered: boolean) => void;
  /** Called once: nobody can ask for this cell any more. */
  readonly onRetired: (reason: MissingReason) => void;
}
