import { CodeModeError } from './errors.ts';
import type { ObserveMode } from './session.ts';

/** How long a caller waits who does not say. */
export const DEFAULT_OBSERVE: ObserveMode = { yieldAfterMs: 10_000 };

/** @throws `invalid_argument` for a wait that is none. */
export function checkObserveMode(mode: ObserveMode): void {
  if ('pending' in mode) return;
  const { yieldAfterMs } = mode;
  if (typeof yieldAfterMs === 'number' && yieldAfterMs >= 0) return;
  throw new CodeModeError(
    'invalid_argument',
    `Cannot observe: yieldAfterMs must be a number of at least 0, got ${String(yieldAfterMs)}`,
  );
}
