import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Circumstances, circumstances } from './support/machine.ts';
import type { Measurement } from './support/measurement.ts';
import { runSuite } from './support/run-suite.ts';

/** One line of a report: a measurement and the file it comes from. */
export interface ReportedMeasurement extends Measurement {
  readonly suite: string;
}

/** What `--json` writes. */
export interface Report extends Circumstances {
  /** Whether each task ran only once or twice: then the figures mean nothing. */
  readonly once: boolean;
  readonly results: readonly ReportedMeasurement[];
  /** Suites in which something went wrong; they have no results. */
  readonly failures: readonly { readonly suite: string; readonly error: string }[];
}

const USAGE = `Usage: node bench/run.ts [--once] [--only NAME] [--json FILE]
  --once       run each task once or twice, to see that all checks pass
  --only NAME  only suites whose name contains NAME
  --json FILE  write circumstances and all figures to FILE`;

/**
 * Runs suites one after the other and prints their tables.
 *
 * @param files Paths of `*.bench.ts` files, relative to `directory`.
 * @returns The exit code: 1 where a check failed, 2 where the arguments make no sense.
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
  const { once, json } = options;
  const start = circumstances();
  console.log(start);
  const results: ReportedMeasurement[] = [];
  const failures: { suite: string; error: string }[] = [];
  for (const file of chosen) {
    const suite = nameOf(file);
    try {
      const found = await runSuite(join(directory, file), once ? 'once' : 'full');
      printTables(suite, found);
      results.push(...found.map((measurement) => ({ suite, ...measurement })));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      console.error(`\n${suite} FAILED\n${text}`);
      failures.push({ suite, error: text });
    }
  }
  const report: Report = { ...start, once, results, failures };
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  return failures.length === 0 ? 0 : 1;
}

interface RunOptions {
  readonly once: boolean;
  readonly only?: string | undefined;
  readonly json?: string | undefined;
}

function optionsOf(argv: readonly string[]): RunOptions | null {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: 'boolean', default: false },
        only: { type: 'string' },
        json: { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  }
}

function nameOf(file: string): string {
  return file.replace(/\.bench\.ts$/, '');
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

/** Three digits that count: more would be noise. */
function short(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

if (import.meta.main) process.exitCode = await runBenches(process.argv.slice(2));
