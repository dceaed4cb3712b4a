import { messageOf } from '../../src/errors.ts';
import type { FailureKind, Outcome } from './outcome.ts';
import { NotSupported, type OpenPeer, PeerDied, type PeerSetting } from './peer.ts';
import { expectAnswer, Never, startProgram, type Task, TimedOut, WrongAnswer } from './task.ts';
import { TASKS } from './tasks.ts';
import { echo } from './tools.ts';

/** The assignment of one process. */
export interface Assignment {
  /** The file in `adapters/`, without its ending. */
  readonly adapter: string;
  readonly setting: PeerSetting;
  /** The id of the task. */
  readonly task: string;
  readonly quick: boolean;
}

const WARM_CELLS = 3;

// Forked by `runTask` for one peer and one task. The parent process ends it.
const assignment: Assignment = JSON.parse(process.argv[2] ?? '{}');
// Peers with unhandled rejections are measured, too.
process.on('unhandledRejection', () => {});
async function outcomeOf({ adapter, setting, task: id, quick }: Assignment): Promise<Outcome> {
  try {
    const task = TASKS.find((each) => each.id === id);
    if (task === undefined) throw new Error(`There is no task ${id}`);
    const { open }: { readonly open: OpenPeer } = await import(`./adapters/${adapter}.ts`);
    return await run(task, open, setting, quick);
  } catch (error) {
    return { ok: false, kind: kindOf(error), detail: firstLine(error) };
  }
}

async function run(
  task: Task,
  open: OpenPeer,
  setting: PeerSetting,
  quick: boolean,
): Promise<Outcome> {
  const start = performance.now();
  const peer = await open(setting).catch((error: unknown) => {
    throw new NotAvailable(firstLine(error));
  });
  const openedMs = performance.now() - start;
  for (let n = 0; n < (task.warm === false ? 0 : WARM_CELLS); n += 1) {
    await expectAnswer(startProgram(peer, '', '1 + 1', echo), 2);
  }
  const { samples, remark = null } = await task.run({
    peer,
    openedMs,
    quick,
    reopen: () => open(setting),
  });
  return { ok: true, samples, remark };
}

/** The peer could not be opened. */
class NotAvailable extends Error {
  override readonly name = 'NotAvailable';
}

function kindOf(error: unknown): FailureKind {
  if (error instanceof NotAvailable) return 'not available';
  if (error instanceof Never) return 'never';
  if (error instanceof TimedOut) return 'timed out';
  if (error instanceof WrongAnswer) return 'wrong answer';
  if (error instanceof NotSupported) return 'not supported';
  if (error instanceof PeerDied) return 'died';
  return 'refused';
}

function firstLine(error: unknown): string {
  const text = messageOf(error);
  return (text.split('\n')[0] ?? '').slice(0, 160);
}

process.send?.(await outcomeOf(assignment));
