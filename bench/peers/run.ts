import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import PQueue from 'p-queue';
import { messageOf } from '../../src/errors.ts';
import { circumstances } from '../support/machine.ts';
import { CATALOGUE, type CatalogueEntry } from './catalogue.ts';
import { FigureBook } from './figure-book.ts';
import { type InstalledPeer, install } from './install.ts';
import type { PeerFigure } from './outcome.ts';
import type { MeasuredPeer, PeerReport } from './peer-report.ts';
import { printTable } from './print-table.ts';
import { runTask } from './run-task.ts';
import type { Task } from './task.ts';
import { TASKS } from './tasks.ts';

const USAGE = `Usage: node bench/peers/run.ts [--quick] [--rounds N] [--only PEER,…] [--task TASK,…]
    [--host "COMMAND"] [--scratch DIR] [--json FILE]
    [--document DIR]
  --quick        one round with few samples, two peers at a time: to see that everything runs
  --rounds N     rounds of each task over all peers, in turn (default 3)
  --only PEER,…  only peers whose name contains one of these
  --task TASK,…  only tasks whose name begins with one of these
  --host "CMD"   the command of our host (default: the one that is built here)
  --scratch DIR  where peers are installed, and found again (default: in the temporary folder)
  --json FILE    write circumstances and all figures to FILE
  --document DIR make the document in DIR anew, where this was a whole run`;

const DEFAULT_ROUNDS = 3;
/** Concurrent processes if figures need not be exact. */
const QUICK_AT_ONCE = 2;
/** How long all tasks may take before further rounds are skipped, in milliseconds. */
const BUDGET_MS = 18 * 60_000;
/** How often a failing task is repeated. */
const MAX_FAILURES = 2;

/**
 * Compares the peers and prints a table for each task.
 *
 * @returns The exit code: 1 if a peer of this project could not be measured, 2 for invalid arguments.
 */
export async function comparePeers(argv: readonly string[]): Promise<number> {
  const options = optionsOf(argv);
  const entries = CATALOGUE.filter(({ id }) => options?.only.some((part) => id.includes(part)));
  const tasks = TASKS.filter(({ id }) => options?.task.some((part) => id.startsWith(part)));
  if (options === null || entries.length === 0 || tasks.length === 0) {
    const peers = CATALOGUE.map(({ id }) => id).join(', ');
    console.error(`${USAGE}\nPeers: ${peers}\nTasks: ${TASKS.map(({ id }) => id).join(', ')}`);
    return 2;
  }
  const start = circumstances();
  console.log(start);
  const found = new Map<CatalogueEntry, InstalledPeer | string>();
  for (const entry of entries) found.set(entry, await tryInstall(entry, options));
  const peers = [...found.values()].filter((peer) => typeof peer !== 'string');
  const figures: PeerFigure[] = [];
  const started = performance.now();
  for (const [n, task] of tasks.entries()) {
    const untilMs = started + (BUDGET_MS * (n + 1)) / tasks.length;
    const measured = await measure(task, peers, options, untilMs);
    printTable(task, measured);
    figures.push(...measured);
  }
  const told = shown(argv);
  const report: PeerReport = {
    kind: 'peers',
    ...start,
    command: `npm run bench:peers ${told === '' ? '' : `-- ${told}`}`.trim(),
    quick: options.quick,
    rounds: options.rounds,
    peers: [...found].map(([entry, peer]) => describe(entry, peer)),
    tasks: tasks.map(({ id, title, unit }) => ({ id, title, unit })),
    figures,
  };
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  const isWhole =
    !options.quick && entries.length === CATALOGUE.length && tasks.length === TASKS.length;
  if (options.document !== undefined && isWhole) {
    const { renew } = await import('../report/run.ts');
    renew(options.document, 'peers', report);
  }
  return report.peers.some(({ own, missing }) => own && missing !== null) ? 1 : 0;
}

/**
 * Runs rounds over all peers in turn, so that a disturbance of the machine affects all of them. No
 * further round begins when the tasks have used their share of the time.
 */
async function measure(
  task: Task,
  peers: readonly InstalledPeer[],
  { quick, rounds }: PeerOptions,
  untilMs: number,
): Promise<readonly PeerFigure[]> {
  const book = new FigureBook(task);
  const queue = new PQueue({ concurrency: quick ? QUICK_AT_ONCE : 1 });
  const most = Math.min(rounds, task.rounds ?? rounds);
  for (let round = 0; round < most; round += 1) {
    if (round > 0 && performance.now() > untilMs) break;
    const turn = peers.map((peer) => async () => {
      const { id } = peer.entry;
      if (book.failuresOf(id) < MAX_FAILURES) book.add(id, await runTask(peer, task, quick));
    });
    await queue.addAll(turn);
  }
  return peers.map(({ entry }) => book.figureOf(entry.id));
}

async function tryInstall(
  entry: CatalogueEntry,
  options: PeerOptions,
): Promise<InstalledPeer | string> {
  try {
    const hostCommand = options.host?.split(/\s+/) ?? null;
    return await install(entry, { scratch: options.scratch, hostCommand });
  } catch (error) {
    const text = messageOf(error);
    const lines = text.split('\n').filter((line) => /error|cannot|no matching/i.test(line));
    const reason = (lines[0] ?? text.split('\n')[0] ?? '').slice(0, 200);
    console.error(`${entry.id} is not available: ${reason}`);
    return reason;
  }
}

function describe(entry: CatalogueEntry, peer: InstalledPeer | string): MeasuredPeer {
  const { id, own, runsIn, remark } = entry;
  const missing = typeof peer === 'string' ? 'it could not be installed' : null;
  const [version, node] = typeof peer === 'string' ? ['', ''] : [peer.version, peer.nodeVersion];
  return { id, own, version, node, runsIn, remark, missing };
}

interface PeerOptions {
  readonly quick: boolean;
  readonly rounds: number;
  readonly only: readonly string[];
  readonly task: readonly string[];
  readonly host: string | undefined;
  readonly scratch: string;
  readonly json: string | undefined;
  readonly document: string | undefined;
}

function optionsOf(argv: readonly string[]): PeerOptions | null {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        only: { type: 'string', default: '' },
        task: { type: 'string', default: '' },
        host: { type: 'string' },
        scratch: { type: 'string', default: join(tmpdir(), 'cellhost-peers') },
        json: { type: 'string' },
        document: { type: 'string' },
      },
    });
    const { quick, only, task, scratch, host, json, document } = values;
    const rounds = Number(values.rounds ?? (quick ? 1 : DEFAULT_ROUNDS));
    if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be at least 1');
    return {
      quick,
      rounds,
      only: only.split(','),
      task: task.split(','),
      scratch,
      host,
      json,
      document,
    };
  } catch (error) {
    console.error(messageOf(error));
    return null;
  }
}

/** The arguments that say what was measured, without paths of this machine. */
function shown(argv: readonly string[]): string {
  const hidden = new Set(['--json', '--scratch', '--host', '--document']);
  return argv
    .filter((arg, n) => !hidden.has(arg) && !hidden.has(argv[n - 1] ?? '') && !/^--\w+=/.test(arg))
    .join(' ');
}

if (import.meta.main) process.exitCode = await comparePeers(process.argv.slice(2));
