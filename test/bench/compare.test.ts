import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { compare, compareFiles } from '../../bench/compare.ts';
import { summary } from '../../bench/support/measurement.ts';

const THRESHOLD = 1.25;
const directory = mkdtempSync(join(tmpdir(), 'cellhost-compare-'));
after(() => rmSync(directory, { recursive: true }));

/** Numbers between 0 and 1 that are the same in every run of the tests. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Changes that are planted in a report. */
interface Planted {
  readonly seed: number;
  /** How many times slower the machine is. */
  readonly machine?: number;
  /** How much longer every cell takes, in milliseconds. */
  readonly cellDelayMs?: number;
  /** How much longer the shared deadline takes, in milliseconds. */
  readonly deadlineDelayMs?: number;
}

/** Samples as on a busy machine: rarely faster than the work itself, often slower. */
function planted({ seed, machine = 1, cellDelayMs = 0, deadlineDelayMs = 0 }: Planted) {
  const random = randomFrom(seed);
  const noisy = (ms: number) =>
    Array.from({ length: 60 }, () => ms * machine * (1 + random() ** 3 * 1.5));
  const result = (group: string, name: string, samples: readonly number[], fixed = 0) => ({
    suite: 'planted',
    ...summary(group, name, 'ms', samples),
    fixed,
  });
  return {
    kind: 'bench',
    results: [
      result(
        'a cell',
        'warm',
        noisy(0.3).map((ms) => ms + cellDelayMs),
      ),
      result('a cell', 'baseline: node:vm', noisy(0.25)),
      result('tool calls', '1,000 in a row', noisy(40)),
      result(
        'shutdown',
        'stubborn',
        noisy(1).map((ms) => 100 + deadlineDelayMs + ms),
        100,
      ),
      result('this machine', 'baseline: SHA-256', noisy(0.6)),
    ],
  };
}

function slower(a: unknown, b: unknown): readonly string[] {
  return compare(a, b, THRESHOLD)
    .filter(({ verdict }) => verdict === 'slower')
    .map(({ key }) => key);
}

function write(name: string, content: unknown): string {
  const file = join(directory, name);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

function silence(t: TestContext): void {
  for (const method of ['log', 'table', 'error'] as const) t.mock.method(console, method, () => {});
}

describe('compare', () => {
  it('catches a delay of 2 ms in the path of a cell, and nothing else', () => {
    const found = slower(planted({ seed: 1 }), planted({ seed: 2, cellDelayMs: 2 }));
    assert.deepEqual(found, ['planted: a cell: warm']);
  });

  it('finds no difference between two noisy runs of the same code', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      assert.deepEqual(slower(planted({ seed }), planted({ seed: seed + 1_000 })), []);
    }
  });

  it('corrects for the speed of the machine by the baselines', () => {
    const [a, b] = [planted({ seed: 1 }), planted({ seed: 2, machine: 2.5 })];
    assert.deepEqual(slower(a, b), []);
    const delayed = planted({ seed: 2, machine: 0.4, cellDelayMs: 2 });
    assert.deepEqual(slower(a, delayed), ['planted: a cell: warm']);
  });

  it('does not correct deadlines on a faster machine, and catches one that grew', () => {
    assert.deepEqual(slower(planted({ seed: 1 }), planted({ seed: 2, machine: 0.5 })), []);
    const late = planted({ seed: 2, machine: 0.5, deadlineDelayMs: 100 });
    assert.deepEqual(slower(planted({ seed: 1 }), late), ['planted: shutdown: stubborn']);
  });

  it('compares peers by the bare context beside them', () => {
    const peers = (ours: number, baseline: number) => ({
      kind: 'peers',
      figures: [figure('cellhost hosted', ours), figure('baseline node:vm', baseline)],
    });
    assert.deepEqual(slower(peers(1, 0.2), peers(2, 0.4)), []);
    assert.deepEqual(slower(peers(1, 0.2), peers(2, 0.2)), ['cell: cellhost hosted']);
  });

  it('refuses invalid reports, and reports of different work', () => {
    assert.throws(() => compare({}, planted({ seed: 1 }), THRESHOLD), /not a report/);
    const nothing = { kind: 'bench', results: [] };
    assert.throws(() => compare(nothing, planted({ seed: 1 }), THRESHOLD), /no figure in common/);
  });
});

function figure(peer: string, p50: number) {
  return { task: 'cell', peer, unit: 'ms', figures: { min: p50, p50, samples: 9 }, failures: [] };
}

describe('bench/compare.ts', () => {
  it('exits with 1 if something is slower, with 0 if nothing is, with 2 for missing arguments', (t) => {
    silence(t);
    const before = write('before.json', planted({ seed: 1 }));
    const same = write('same.json', planted({ seed: 2 }));
    const worse = write('worse.json', planted({ seed: 3, cellDelayMs: 2 }));
    assert.equal(compareFiles([before, same]), 0);
    assert.equal(compareFiles([before, worse]), 1);
    assert.equal(compareFiles([before, worse, '--threshold', '100']), 0);
    assert.equal(compareFiles([before]), 2);
    assert.equal(compareFiles([before, worse, '--threshold', '0.5']), 2);
  });
});
