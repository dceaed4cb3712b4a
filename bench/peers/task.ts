import { setTimeout } from 'node:timers/promises';
import type { Unit } from '../support/measurement.ts';
import type { CellOptions, Peer, RunningCell, Tool } from './peer.ts';

/** The input of a task: a peer that was just opened, in a separate process. */
export interface Ground {
  readonly peer: Peer;
  /** How long opening it took, in milliseconds. */
  readonly openedMs: number;
  /** Take fewer samples, with shorter timeouts. */
  readonly quick: boolean;
  /** Opens another peer, which the task closes. */
  reopen(): Promise<Peer>;
}

/** The result of a task. */
export interface Finding {
  readonly samples: readonly number[];
  readonly remark?: string;
}

/** The same work for every peer. */
export interface Task {
  readonly id: string;
  /** Its title in tables. */
  readonly title: string;
  readonly unit: Unit;
  /** After this many seconds its process is ended; an integer. */
  readonly maxSeconds: number;
  /** Whether the peer must have run a cell before. Default: true. */
  readonly warm?: boolean;
  /** The maximum number of rounds, if more would not help. */
  readonly rounds?: number;
  /** Throws `Never`, `WrongAnswer`, `NotSupported`, `PeerDied`, or the peer's error. */
  run(ground: Ground): Promise<Finding>;
}

/** A stop call was not answered within its bound. */
export class Never extends Error {
  override readonly name = 'Never';
}

/** The peer gave a wrong answer. */
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

/** Something other than a stop call took too long. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/**
 * Waits for a promise that may never settle.
 *
 * @throws `Late`, if it did not settle in time.
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
