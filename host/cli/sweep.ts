import type { Sandbox } from '../../src/sandbox.ts';

/** What programs run in, for a process that exits when it has served. */
export interface ServedSandbox extends Sandbox {
  /** Like `close`, but resolves when nothing can run any more, before all is freed. Default: `close`. */
  leave?(): Promise<void>;
}

/**
 * Ends everything in one sweep: the sandbox processes end while callbacks have their grace. Cells are
 * terminated before they are told that their sandbox is gone.
 */
export async function sweep(
  sandbox: ServedSandbox,
  closeHost: () => Promise<unknown>,
): Promise<void> {
  await Promise.all([sandbox.leave?.() ?? sandbox.close(), closeHost()]);
}
