import { setTimeout } from 'node:timers/promises';
import type { Unit } from '../support/measurement.ts';
import type { CellOptions, Peer, RunningCell, Tool } from './peer.ts';

/** What a task works with: a peer that was just opened, in a process of its own. */
export interface Ground {
  readonly peer: Peer;
  /** Milliseconds that opening it took. */
  readonly openedMs: number;
  /** Fewer samples, and less patience. */
  readonly quick: boolean;
  /** Opens another one, which the task closes. */
  reopen(): Promise<Peer>;
}

/** What a task found out. */
export interface Finding {
  readonly samples: readonly number[];
  readonly remark?: string;
}

/** The same work for every peer. */
export interface Task {
  readonly id: string;
  /** What it stands under in tables. */
  readonly title: string;
  readonly unit: Unit;
  /** Whole seconds after which its process is ended. */
  readonly maxSeconds: number;
  /** Whether the peer must have run a cell before. Default: true. */
  readonly warm?: boolean;
  /** Most rounds, where more would say no more. */
  readonly rounds?: number;
  /** Throws `Never`, `WrongAnswer`, `NotSupported`, `PeerDied`, or whatever the peer throws. */
  run(ground: Ground): Promise<Finding>;
}

/** A stop call that was not answered within its bound. */
export class Never extends Error {
  override readonly name = 'Never';
}

/** The peer answered, and not what is right. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer';
}

/** Starts a program in the peer's own dialect. */
export function startProgram(
  { dialect, startCell }: Peer,
  body: string,
  answer: string,
  tool: Tool,
  options?: CellOptions,
): RunningCell {
  const cell = startCell(
    dialect.program(body.replaceAll('CALL', dialect.tool), answer),
    tool,
    options,
  );
  cell.answer.catch(() => {});
  return cell;
}

/** Runs a program to its end and checks its answer. */
export async function expectAnswer(cell: RunningCell, wanted: number): Promise<void> {
  const got = await cell.answer;
  if (String(got) !== String(wanted)) {
    throw new WrongAnswer(`Wanted ${wanted}, got ${JSON.stringify(got)?.slice(0, 100)}`);
  }
}

/** Something took too long, and it was not the call that stops a cell. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/**
 * Waits for what may never come.
 *
 * @throws `Late`, where it did not.
 */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  what: string,
  Late: typeof Never | typeof TimedOut = TimedOut,
): Promise<T> {
  const controller = new AbortController();
  const late = setTimeout(ms, null, { signal: controller.signal }).then(
    () => {
      throw new Late(`${what}: no answer within ${ms / 1_000} s`);
    },
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    controller.abort();
  }
}
