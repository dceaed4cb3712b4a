import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/errors.ts';
import { soak } from './soak.ts';
import type { Report, ReportedMeasurement } from './support/bench-report.ts';
import { circumstances } from './support/machine.ts';
import type { Measurement } from './support/measurement.ts';
import { type Pulse, PulseTaker } from './support/pulse.ts';
import { runSuite } from './support/run-suite.ts';

const USAGE = `Usage: node bench/run.ts [--once] [--only NAME] [--soak MINUTES] [--json FILE]
    [--document DIR]
  --once          run each task once or twice, to see that all checks pass
  --only NAME     only suites whose name contains NAME
  --soak MINUTES  no suite: sessions and cells for so long, and what becomes of latency and memory
  --json FILE     write circumstances and all figures to FILE
  --document DIR  make the document in DIR anew, where this was a whole run`;

const ENDING = '.bench.ts';
const SOAK = 'soak';

/**
 * Runs suites one after the other and prints their tables.
 *
 * @param files Paths of `*.bench.ts` files, relative to `directory`.
 * @returns The exit code: 1 if a check failed, 2 for invalid arguments.
 */
export async function runBenches(
  argv: readonly string[],
  directory: string = import.meta.dirname,
  files: readonly string[] = globSync('**/*.bench.ts', { cwd: directory }).sort(),
): Promise<number> {
  const options = optionsOf(argv);
  const chosen = files.filter((file) => nameOf(file).includes(options?.only ?? ''));
  if (options === null || chosen.length === 0) {
    console.error(`${USAGE}\nSuites: ${files.map(nameOf).join(', ')}`);
    return 2;
  }
  const { once, only, json, document, soak: soakMinutes } = options;
  const start = circumstances();
  console.log(start);
  const results: ReportedMeasurement[] = [];
  const failures: { suite: string; error: string }[] = [];
  await using pulse = new PulseTaker();
  await pulse.ready();
  const pulses: Pulse[] = [];
  const pace = once ? 'once' : 'full';
  const suites = soakMinutes > 0 ? [SOAK] : chosen.map(nameOf);
  for (const suite of suites) {
    const begunMs = performance.now();
    try {
      const found =
        suite === SOAK
          ? await soak(soakMinutes)
          : await runSuite(join(directory, `${suite}${ENDING}`), pace);
      printTables(suite, found);
      results.push(...found.map((measurement) => ({ suite, ...measurement })));
    } catch (error) {
      const text = messageOf(error);
      console.error(`\n${suite} FAILED\n${text}`);
      failures.push({ suite, error: text });
    }
    console.log(`${suite}: ${Math.round((performance.now() - begunMs) / 1_000)} s`);
    pulses.push(...(await pulse.around(suite)));
  }
  const told = shown(argv);
  const command = `npm run bench${told === '' ? '' : ` -- ${told}`}`;
  const report: Report = { kind: 'bench', ...start, command, once, pulses, results, failures };
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  if (document !== undefined && !once && only === undefined && failures.length === 0) {
    const { renew } = await import('./report/run.ts');
    renew(document, soakMinutes > 0 ? 'soak' : 'bench', report);
  }
  return failures.length === 0 ? 0 : 1;
}

interface RunOptions {
  readonly once: boolean;
  readonly only?: string | undefined;
  /** Minutes; 0 for the suites instead. */
  readonly soak: number;
  readonly json?: string | undefined;
  readonly document?: string | undefined;
}

function optionsOf(argv: readonly string[]): RunOptions | null {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: 'boolean', default: false },
        only: { type: 'string' },
        soak: { type: 'string', default: '0' },
        json: { type: 'string' },
        document: { type: 'string' },
      },
    });
    const minutes = Number(values.soak);
    if (!(minutes >= 0)) throw new Error('--soak must be a number of minutes');
    return { ...values, soak: minutes };
  } catch (error) {
    console.error(messageOf(error));
    return null;
  }
}

/** The arguments that say what was measured, without paths of this machine. */
function shown(argv: readonly string[]): string {
  const hidden = new Set(['--json', '--document']);
  return argv.filter((arg, n) => !hidden.has(arg) && !hidden.has(argv[n - 1] ?? '')).join(' ');
}

function nameOf(file: string): string {
  return file.endsWith(ENDING) ? file.slice(0, -ENDING.length) : file;
}

function printTables(suite: string, measurements: readonly Measurement[]): void {
  for (const [group, members] of Map.groupBy(measurements, ({ group }) => group)) {
    console.log(`\n${suite}: ${group}`);
    const rows = members.map(({ name, p50, p95, p99, max, unit, samples }) => {
      const figures = { p50: short(p50), p95: short(p95), p99: short(p99), max: short(max) };
      return [name, { ...figures, unit, samples }];
    });
    console.table(Object.fromEntries(rows));
  }
}

/** Three significant digits: more would be noise. */
function short(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

if (import.meta.main) process.exitCode = await runBenches(process.argv.slice(2));
