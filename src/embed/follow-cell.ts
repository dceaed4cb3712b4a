import { CodeModeError } from '../errors.ts';
import type { CellEndEvent, CellEvent } from '../events.ts';
import type { ExecuteRequest, Session } from '../session.ts';

/** Who takes the output of a cell that is followed. */
export interface CellFollower {
  /** Called with the id of the cell as soon as it has one. */
  started?(cellId: string): void;
  /** Takes output in order. The cell is not observed again before it returns. */
  take(items: CellEvent['items']): Promise<void> | void;
}

/**
 * Runs one cell to its end and hands its output over as it comes.
 *
 * @param request Its `observe` says how long output may wait until it is handed over.
 * @param stop Terminates the cell when it aborts, or as soon as it has started.
 * @returns The last event. Its output was handed over like the rest.
 * @throws As `Session.execute`, `observe` and `terminate`; what the follower threw, after the cell was terminated.
 */
export async function followCell(
  session: Session,
  request: ExecuteRequest,
  follower: CellFollower,
  stop: AbortSignal,
): Promise<CellEndEvent> {
  const { cellId, first } = await session.execute(request, { preempt: stop });
  try {
    follower.started?.(cellId);
    let event = await first;
    for (;;) {
      await follower.take(event.items);
      if (event.type !== 'yielded' && event.type !== 'pending') return event;
      event = stop.aborted
        ? await terminated(session, cellId)
        : await session.observe(cellId, request.observe, { preempt: stop });
    }
  } catch (error) {
    await session.terminate(cellId).catch(() => {});
    throw error;
  }
}

/** Terminates a cell, which another caller may be doing already: that one gets the rest of its output. */
async function terminated(session: Session, cellId: string): Promise<CellEvent> {
  try {
    return await session.terminate(cellId);
  } catch (error) {
    if (!(error instanceof CodeModeError && error.code === 'cell_terminating')) throw error;
    return { type: 'terminated', cellId, items: [] };
  }
}
