import { CodeModeError } from '../errors.ts';
import type { Effect } from './cell-types.ts';

/** The error for a caller that a cell refuses. */
export function refusalOf(
  cellId: string,
  { code, latest = 0 }: Extract<Effect, { type: 'refuse' }>,
): CodeModeError {
  const cell = `exec cell ${cellId}`;
  if (code === 'cell_busy')
    return new CodeModeError(code, `${cell} already has an active observer`);
  if (code === 'cell_terminating') {
    return new CodeModeError(code, `${cell} is already terminating`);
  }
  const known = latest === 0 ? 'none' : latest;
  const text = `${cell} cannot resume that generation; latest generation is ${known}`;
  return new CodeModeError(code, text);
}
