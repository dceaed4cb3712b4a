import type { Delegate } from '../../src/delegate.ts';
import type { PlacedSession } from './rig.ts';

/** A hostile session: what its delegate does, and what it does over and over until it is told to stop. */
export interface Attack {
  readonly name: string;
  /** Sessions that attack together. */
  readonly sessions: number;
  readonly delegate: Delegate;
  /** One round of it. */
  readonly round: (session: PlacedSession['session']) => Promise<void>;
}

const QUIET: Delegate = { invokeTool: async () => null, notify: async () => {} };
const DEAF: Delegate = {
  invokeTool: () => new Promise(() => {}),
  notify: () => new Promise(() => {}),
};
const LARGE_RESULT = 'x'.repeat(1_000_000);
const YIELD_MS = 20;

/** What hostile programs do to their neighbours. */
export const ATTACKS: readonly Attack[] = [
  { name: 'nothing', sessions: 1, delegate: QUIET, round: async () => {} },
  {
    name: '32 cells that spin',
    sessions: 1,
    delegate: QUIET,
    round: (session) => runAndEnd(session, 'for (;;);', 32, 1_000),
  },
  {
    name: '8 sessions with a cell that is stopped and started again',
    sessions: 8,
    delegate: QUIET,
    round: (session) => runAndEnd(session, 'for (;;);', 1, YIELD_MS),
  },
  {
    name: '400 results of 1 MB at once',
    sessions: 1,
    delegate: { ...QUIET, invokeTool: async () => LARGE_RESULT },
    round: (session) => {
      const source = 'await Promise.all(Array.from({ length: 400 }, () => tools.tool()))';
      return runAndEnd(session, source, 1, 10_000);
    },
  },
  {
    name: 'arguments of 30 MB that nobody answers',
    sessions: 1,
    delegate: DEAF,
    round: (session) => {
      const source =
        'const line = Array(215).fill(Array(215).fill({})); for (let n = 0; n < 3; n += 1) tools.tool(Array(215).fill(line)); await new Promise(() => {})';
      return runAndEnd(session, source, 1, 500);
    },
  },
  {
    name: 'memory that grows until it is stopped',
    sessions: 1,
    delegate: QUIET,
    round: (session) => {
      const source = 'const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))';
      return runAndEnd(session, source, 4, 2_000);
    },
  },
];

/** Runs so many cells at once and terminates those that do not end by themselves. */
async function runAndEnd(
  session: PlacedSession['session'],
  source: string,
  cells: number,
  yieldAfterMs: number,
): Promise<void> {
  const started = await Promise.all(
    Array.from({ length: cells }, () => session.execute({ source, observe: { yieldAfterMs } })),
  );
  const ended = started.map(async ({ cellId, first }) => {
    const { type } = await first;
    if (type === 'yielded') await session.terminate(cellId);
  });
  await Promise.all(ended);
}
