import { abortable } from 'abort-controller-x';
import type { CellEvent, OutputItem } from '../../src/events.ts';
import type { Session } from '../../src/session.ts';

/** The last event of a cell. */
export type CellEndEvent = Extract<CellEvent, { type: 'completed' | 'terminated' | 'missing' }>;

/** What is run, and who takes what it shows. */
export interface CellRun {
  readonly source: string;
  /** How long output may wait until it is shown, in milliseconds. */
  readonly yieldAfterMs: number;
  output(item: OutputItem): void;
  /** Resolves when all that was taken is written: the cell's output waits meanwhile. */
  flushed(): Promise<void>;
}

/** Runs one cell to its end and shows its output as it comes. When `signal` aborts, it is terminated. */
export async function runCell(
  session: Session,
  run: CellRun,
  signal: AbortSignal,
): Promise<CellEndEvent> {
  const observe = { yieldAfterMs: run.yieldAfterMs };
  const options = { preempt: signal };
  const { cellId, first } = await session.execute({ source: run.source, observe }, options);
  let event = await first;
  for (;;) {
    for (const item of event.items) run.output(item);
    await abortable(signal, run.flushed()).catch(() => {});
    if (event.type !== 'yielded' && event.type !== 'pending') return event;
    event = signal.aborted
      ? await session.terminate(cellId)
      : await session.observe(cellId, observe, options);
  }
}
