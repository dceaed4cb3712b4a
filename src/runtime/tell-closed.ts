import type { Delegate } from '../delegate.ts';

/** Tells a delegate that a cell is closed. What it throws, at once or later, is ignored, as its contract says. */
export async function tellClosed(delegate: Delegate, cellId: string): Promise<void> {
  try {
    await delegate.cellClosed?.(cellId);
  } catch {}
}
