import { isLargeValue, lengthOfValue } from '../../../src/json/json-pieces.ts';
import type { CellOutcome } from '../../core/cell-outcome.ts';
import { ExecuteEvent, WaitResponse } from '../generated/code-mode.ts';
import { encodeMessage } from '../message-framing.ts';
import { encodeLargeOutcome } from './large-encoding.ts';
import { toCellOutcome, toWaitResponse } from './outcomes.ts';

/** An answer with its prefix; a large one will be encoded, and is about so many bytes long. */
export type EncodedAnswer =
  | Buffer
  | { readonly length: number; readonly message: Promise<readonly Buffer[]> };

/** Where messages have their outcomes: in an `ExecuteEvent`, and in a `WaitResponse`. */
const FIELDS = { outcome: 2, liveCell: 1, missingCell: 2 };

/** The last answer to an execute. */
export function encodeExecuteOutcome(outcome: CellOutcome): EncodedAnswer {
  if (isLargeValue(outcome.event)) return encodeLater(FIELDS.outcome, outcome);
  const value = toCellOutcome(outcome);
  return encodeMessage(ExecuteEvent, { event: { $case: 'outcome', value } });
}

/** The answer to a wait or a terminate. */
export function encodeWaitOutcome(outcome: CellOutcome): EncodedAnswer {
  if (!isLargeValue(outcome.event)) return encodeMessage(WaitResponse, toWaitResponse(outcome));
  const isMissing = outcome.event.type === 'missing';
  return encodeLater(FIELDS[isMissing ? 'missingCell' : 'liveCell'], outcome);
}

function encodeLater(field: number, outcome: CellOutcome): EncodedAnswer {
  const message = encodeLargeOutcome(field, outcome);
  return { length: lengthOfValue(outcome.event), message };
}
