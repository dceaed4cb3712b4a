import { execFileSync, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureFacts } from './client-facts.ts';
import { cellsOf, type NamedRun, renderRun, wentWell } from './client-report.ts';
import { runClient } from './client-run.ts';
import { steeredScenarios, unattendedScenarios, unfinishedTurn } from './client-scenarios.ts';
import { CLIENTS, type ClientKind, type RunKind } from './clients.ts';
import { withColumn } from './clients-table.ts';

/**
 * Runs a real MCP client on `cellhost mcp`, with a scripted model on the loopback interface and no
 * other network.
 *
 * Exit codes: 0 if everything succeeded, 1 otherwise, 2 if it could not be run.
 */

const USAGE = `Usage: node test/e2e/mcp/mcp-clients.ts --client ${Object.keys(CLIENTS).join('|')} PROGRAM [--facts] [--document PAGE]`;
/** Set in the process that has no network but the loopback interface. */
const ISOLATED = 'CELLHOST_E2E_ISOLATED';

interface Task {
  readonly kind: ClientKind;
  readonly program: string;
  /** Measures what the design depends on, too. */
  readonly hasFacts: boolean;
  /** A page whose table gets what was seen. */
  readonly document: string | undefined;
}

async function main(task: Task): Promise<number> {
  const { kind, program, document } = task;
  const needs = { kind, program, signal: interrupted() };
  const version = versionOf(program);
  say(`${kind.title} ${version}`);
  const runs: NamedRun[] = [];
  const play = async (name: RunKind, scenarios = unattendedScenarios(kind.decisions[name])) => {
    const terms = { scenarios, isHttp: name === 'http', isSteered: name === 'steered' };
    const run = { name, ...(await runClient({ ...needs, ...terms })) };
    runs.push(run);
    for (const line of renderRun(run)) say(`  ${line}`);
  };
  await play('unattended');
  if (kind.hasHttp) await play('http');
  await play('steered', kind.steer ? steeredScenarios(kind.decisions.steered) : [unfinishedTurn]);
  const facts = task.hasFacts ? await measureFacts(needs) : {};
  for (const [name, fact] of Object.entries(facts)) say(`  ${name}: ${fact}`);
  if (document !== undefined) {
    const cells = { 'tried on': today(), ...facts, ...cellsOf(kind, runs) };
    const page = await readFile(document, 'utf8');
    await writeFile(document, withColumn(page, { title: kind.title, version, cells }));
  }
  const isGood = runs.every(wentWell);
  say(isGood ? 'Passed' : 'Failed');
  return isGood ? 0 : 1;
}

function readTask(argv: readonly string[]): Task {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      client: { type: 'string', default: '' },
      facts: { type: 'boolean', default: false },
      document: { type: 'string' },
    },
  });
  const kind = Object.entries(CLIENTS).find(([name]) => name === values.client)?.[1];
  const [program] = positionals;
  if (kind === undefined || program === undefined) throw new Error(USAGE);
  const { facts, document } = values;
  return { kind, program: resolve(program), hasFacts: facts || Boolean(document), document };
}

/** Runs this script again where only the loopback interface is. Null where that is impossible. */
function isolated(argv: readonly string[]): number | null {
  const network = ['--net', '--map-root-user', 'sh', '-c'];
  if (spawnSync('unshare', [...network, 'ip link set lo up']).status !== 0) return null;
  const again = ['ip link set lo up && exec "$@"', 'sh', process.execPath, ...process.execArgv];
  const { status } = spawnSync('unshare', [...network, ...again, process.argv[1]!, ...argv], {
    stdio: 'inherit',
    env: { ...process.env, [ISOLATED]: '1' },
  });
  return status ?? 1;
}

/** Aborts on a signal, so that what was started is ended first. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort(new Error(`Interrupted by ${signal}`)));
  }
  return controller.signal;
}

function versionOf(program: string): string {
  const command = program.endsWith('.js') ? [process.execPath, program] : [program];
  const [file = '', ...args] = [...command, '--version'];
  const output = execFileSync(file, args, { encoding: 'utf8' });
  return /\d+\.\d+\.\d+\S*/.exec(output)?.[0] ?? 'unknown';
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  const argv = process.argv.slice(2);
  const task = readTask(argv);
  const status = process.env[ISOLATED] === undefined ? isolated(argv) : null;
  if (status === null && process.env[ISOLATED] === undefined) {
    say('The network could not be taken away: proxies refuse it');
  }
  process.exitCode = status ?? (await main(task));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
