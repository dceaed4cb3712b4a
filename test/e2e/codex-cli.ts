import { parseArgs } from 'node:util';
import { type CodexRun, runCodex } from './codex-run.ts';
import type { CodexWire } from './scratch.ts';
import { compareTranscripts, type DiffLine } from './transcript.ts';

/**
 * Runs the Codex command line program on a code-mode host, with a scripted model on the loopback
 * interface, and compares what the model saw with what it sees on another host.
 *
 * Exit codes: 0 if everything succeeded and nothing differs, 1 otherwise, 2 if it could not be run.
 */

const USAGE =
  'Usage: node test/e2e/codex-cli.ts --codex PROGRAM --host HOST [--peer OTHER_HOST] [--model MODEL] [--wire default|json] [--json]';

const MAX_STARTS_SHOWN = 3;

interface Report {
  readonly passed: boolean;
  readonly host: CodexRun;
  readonly peer: CodexRun | null;
  /** Empty if nothing differs, or there is nothing to compare with. */
  readonly differences: readonly DiffLine[];
}

interface Needs {
  readonly codex: string;
  readonly host: string;
  readonly peer?: string | undefined;
  readonly model: string;
  readonly wire: CodexWire;
}

async function main(argv: readonly string[]): Promise<number> {
  const { json, ...needs } = readArguments(argv);
  const report = await compare(needs, interrupted());
  const text = json ? JSON.stringify(report, undefined, 2) : render(report).join('\n');
  process.stdout.write(`${text}\n`);
  return report.passed ? 0 : 1;
}

function readArguments(argv: readonly string[]): Needs & { readonly json: boolean } {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      codex: { type: 'string' },
      host: { type: 'string' },
      peer: { type: 'string' },
      model: { type: 'string', default: 'gpt-5.5' },
      wire: { type: 'string', default: 'default' },
      json: { type: 'boolean', default: false },
    },
  });
  const { codex, host, wire } = values;
  if (codex === undefined || host === undefined) throw new Error(USAGE);
  if (wire !== 'default' && wire !== 'json') throw new Error(USAGE);
  return { ...values, codex, host, wire };
}

/** Aborts on a signal, so that what was started is ended first. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort(new Error(`Interrupted by ${signal}`)));
  }
  return controller.signal;
}

async function compare(
  { codex, host, peer, ...settings }: Needs,
  signal: AbortSignal,
): Promise<Report> {
  const runs = [await runCodex(codex, host, settings, signal)];
  if (peer !== undefined) runs.push(await runCodex(codex, peer, settings, signal));
  const [ours, theirs] = runs as [CodexRun, CodexRun | undefined];
  const differences = theirs ? compareTranscripts(theirs.transcript, ours.transcript) : [];
  const passed = runs.every(wentWell) && differences.length === 0;
  return { passed, host: ours, peer: theirs ?? null, differences };
}

function wentWell({ scenarios, problems }: CodexRun): boolean {
  return problems.length === 0 && scenarios.every((one) => one.over && one.problems.length === 0);
}

function render({ host, peer, differences, passed }: Report): readonly string[] {
  const compared = peer
    ? [
        differences.length === 0
          ? `The model saw the same on both: ${host.transcript.length} requests`
          : 'The model saw differences: - the peer, + the host',
        ...differences.map(({ sign, text }) => `${sign} ${text}`),
      ]
    : [];
  const verdict = passed ? 'Passed' : 'Failed';
  return [
    ...renderRun('Host', host),
    ...(peer ? renderRun('Peer', peer) : []),
    ...compared,
    verdict,
  ];
}

function renderRun(name: string, run: CodexRun): readonly string[] {
  return [
    `${name}: ${run.host}`,
    ...renderStarts(run),
    ...run.witnessed.map((command) => `  ran while cells gave results: ${command}`),
    ...run.scenarios.flatMap(({ name: scenario, over, problems }) => [
      `  ${over && problems.length === 0 ? 'ok  ' : 'FAIL'} ${scenario}`,
      ...problems.map((problem) => `       ${problem}`),
    ]),
    ...run.refused.map((request) => `  refused: ${request}`),
    ...run.problems.map((problem) => `  PROBLEM ${problem}`),
    `  ${run.transcript.length} requests in ${run.tookMs} ms`,
  ];
}

function renderStarts({ starts }: CodexRun): readonly string[] {
  const shown = starts
    .slice(0, MAX_STARTS_SHOWN)
    .map(({ pid, args }) => `  started as process ${pid}, arguments [${args.join(' ')}]`);
  const more = starts.length - shown.length;
  return more > 0 ? [...shown, `  started ${more} times more`] : shown;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
