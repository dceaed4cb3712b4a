import { CodeModeError } from '../errors.ts';
import type { SessionLimits } from '../limits.ts';
import type { CellSummary } from '../session.ts';

/** How many running cells the error of the limit names. */
const MAX_NAMED = 8;

/** @throws `limit_exceeded` if the source is too long. */
export function checkSource(source: string, { maxSourceBytes }: SessionLimits): void {
  const bytes = source.length > maxSourceBytes ? source.length : Buffer.byteLength(source);
  if (bytes <= maxSourceBytes) return;
  const text = `Cannot execute: the source has more than ${maxSourceBytes} bytes (maxSourceBytes)`;
  throw new CodeModeError('limit_exceeded', text);
}

/** The error of a request that exceeds the number of cells; it names the running cells. */
export function tooManyCells(
  cells: readonly CellSummary[],
  { maxLiveCells }: SessionLimits,
): CodeModeError {
  const holders = cells
    .filter(({ phase }) => phase !== 'completed')
    .map(({ cellId, phase, ageMs }) => `${cellId} ${phase} for ${Math.round(ageMs / 1000)} s`);
  const named = holders.slice(0, MAX_NAMED).join(', ');
  const more = holders.length > MAX_NAMED ? ', …' : '';
  const text = `Cannot execute: the session has ${maxLiveCells} live cells (maxLiveCells): ${named}${more}`;
  return new CodeModeError('limit_exceeded', text);
}

/** The error of a session that is closed or closing. */
export function shuttingDown(): CodeModeError {
  return new CodeModeError('session_closed', 'code mode session is shutting down');
}
