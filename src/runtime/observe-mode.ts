import { CodeModeError } from '../errors.ts';
import type { ObserveMode } from '../session.ts';

/** The default wait of a caller. */
export const DEFAULT_OBSERVE: ObserveMode = { yieldAfterMs: 10_000 };

/** @throws `invalid_argument` for an invalid mode. */
export function checkObserveMode(mode: ObserveMode): void {
  if (typeof mode !== 'object' || mode === null) throw invalid('observe must be an object', mode);
  if ('pending' in mode) {
    if (mode.pending !== true) throw invalid('pending must be true', mode.pending);
    return;
  }
  const { yieldAfterMs } = mode;
  if (typeof yieldAfterMs === 'number' && yieldAfterMs >= 0) return;
  throw invalid('yieldAfterMs must be a number of at least 0', yieldAfterMs);
}

function invalid(wanted: string, got: unknown): CodeModeError {
  return new CodeModeError('invalid_argument', `Cannot observe: ${wanted}, got ${String(got)}`);
}
