import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runBenches } from '../../bench/run.ts';
import type { Report } from '../../bench/support/bench-report.ts';

const RUN = fileURLToPath(new URL('../../bench/run.ts', import.meta.url));
const PLANTED = fileURLToPath(new URL('planted', import.meta.url));
const FASTEST = 'src/describe/schema-to-typescript';

const directory = mkdtempSync(join(tmpdir(), 'cellhost-bench-'));
after(() => rmSync(directory, { recursive: true }));

/** Keeps the tables of planted suites out of the report of the tests. */
function silence(t: TestContext): void {
  for (const method of ['log', 'table', 'error'] as const) t.mock.method(console, method, () => {});
}

function read(file: string): Report {
  return JSON.parse(readFileSync(file, 'utf8'));
}

describe('bench/run.ts', () => {
  it('runs one suite once, prints its table and writes all figures', () => {
    const json = join(directory, 'report.json');
    const args = ['--disable-warning=ExperimentalWarning', RUN, '--once', '--only', FASTEST];
    const child = spawnSync(process.execPath, [...args, '--json', json], { encoding: 'utf8' });
    assert.equal(child.status, 0, child.stderr);
    assert.match(child.stdout, /src\/describe\/schema-to-typescript: one schema as TypeScript/);
    assert.match(child.stdout, /p50.+p95.+p99.+max.+unit.+samples/);

    const report = read(json);
    assert.equal(report.once, true);
    assert.deepEqual(report.failures, []);
    assert.ok(Date.now() - Date.parse(report.date) < 60_000);
    assert.equal(report.node, process.version);
    assert.equal(report.v8, process.versions.v8);
    assert.match(report.isolatedVm, /^7\./);
    assert.ok(report.cpu.length > 0 && report.cores > 0 && report.memoryMiB > 0);
    assert.ok(report.commit === null || /^[0-9a-f]{40}\+?$/.test(report.commit));
    assert.ok(report.results.length >= 2);
    for (const { suite, unit, samples, min, p50, p95, p99, max } of report.results) {
      assert.equal(suite, FASTEST);
      assert.equal(unit, 'µs');
      assert.equal(samples, 2);
      assert.ok(0 < min && min <= p50 && p50 <= p95 && p95 <= p99 && p99 <= max);
    }
  });
});

describe('runBenches', () => {
  it('exits with 1 if a check fails, and still runs the other suites', async (t) => {
    silence(t);
    const json = join(directory, 'failing.json');
    const files = ['failing.bench.ts', 'passing.bench.ts'];
    assert.equal(await runBenches(['--once', '--json', json], PLANTED, files), 1);
    const { failures, results } = read(json);
    assert.deepEqual(
      results.map(({ suite, name }) => [suite, name]),
      [['passing', 'a right result']],
    );
    assert.equal(failures.length, 1);
    assert.equal(failures[0]?.suite, 'failing');
    assert.match(failures[0]?.error ?? '', /^Error: 1 \+ 1: wanted 3, got 2\n/);
  });

  it('exits with 1 if the process of a suite ends without an answer', async (t) => {
    silence(t);
    const json = join(directory, 'vanishing.json');
    assert.equal(await runBenches(['--json', json], PLANTED, ['vanishing.bench.ts']), 1);
    assert.match(read(json).failures[0]?.error ?? '', /without an answer/);
  });

  it('exits with 0 if all checks pass', async (t) => {
    silence(t);
    assert.equal(await runBenches([], PLANTED, ['passing.bench.ts']), 0);
  });

  it('writes the document after a complete run, and only then', async (t) => {
    silence(t);
    const docs = join(directory, 'docs');
    const args = ['--document', docs];
    await runBenches([...args, '--once'], PLANTED, ['passing.bench.ts']);
    await runBenches([...args, '--only', 'passing'], PLANTED, ['passing.bench.ts']);
    await runBenches(args, PLANTED, ['vanishing.bench.ts']);
    assert.equal(existsSync(docs), false);
    assert.equal(await runBenches(args, PLANTED, ['passing.bench.ts']), 0);
    assert.match(readFileSync(join(docs, 'benchmarks.md'), 'utf8'), /^# Benchmarks/);
    const { command } = read(join(docs, 'benchmarks', 'bench.json'));
    assert.equal(command, 'npm run bench');
  });

  it('exits with 2 for unknown arguments and suites', async (t) => {
    silence(t);
    assert.equal(await runBenches(['--twice'], PLANTED), 2);
    assert.equal(await runBenches(['--only', 'nothing'], PLANTED), 2);
  });

  it('finds every suite that exports `measure`', async () => {
    const root = join(RUN, '..');
    const files = globSync('**/*.bench.ts', { cwd: root });
    assert.ok(files.length >= 7, files.join());
    for (const file of files) {
      assert.match(readFileSync(join(root, file), 'utf8'), /^export async function measure\(/m);
    }
  });
});
