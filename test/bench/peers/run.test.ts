import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { CATALOGUE } from '../../../bench/peers/catalogue.ts';
import { FigureBook } from '../../../bench/peers/figure-book.ts';
import type { Outcome } from '../../../bench/peers/outcome.ts';
import type { PeerReport } from '../../../bench/peers/peer-report.ts';
import { comparePeers } from '../../../bench/peers/run.ts';
import { runTask } from '../../../bench/peers/run-task.ts';
import type { Task } from '../../../bench/peers/task.ts';
import { TASKS } from '../../../bench/peers/tasks.ts';

const directory = mkdtempSync(join(tmpdir(), 'cellhost-peers-test-'));
after(() => rmSync(directory, { recursive: true }));

const TASK = { id: 'cell', title: 'a cell', unit: 'ms', maxSeconds: 20 } as Task;

function silence(t: TestContext): void {
  for (const method of ['log', 'table', 'error'] as const) t.mock.method(console, method, () => {});
}

/** A peer of the tests' own, by the behaviour it is named after. */
function planted(name: string) {
  const entry = { ...CATALOGUE[0]!, adapter: `../../../test/bench/planted/${name}-peer` };
  const setting = { entry: '', folder: '', command: [] };
  const { execPath: nodePath, version: nodeVersion } = process;
  return { entry, setting, nodePath, nodeVersion, version: '0' };
}

describe('The catalogue', () => {
  it('pins every version', () => {
    for (const { id, packages } of CATALOGUE) {
      for (const version of Object.values(packages)) assert.match(version, /^\d+\.\d+\.\d+$/, id);
    }
  });

  it('names every peer and every task once', () => {
    const ids = [...CATALOGUE, ...TASKS].map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });
});

describe('comparePeers', () => {
  it('measures peers that need no package, and writes the result', async (t) => {
    silence(t);
    const json = join(directory, 'report.json');
    const only = ['--only', 'baseline', '--task', 'cell,stop-busy', '--quick'];
    assert.equal(await comparePeers([...only, '--scratch', directory, '--json', json]), 0);
    const report: PeerReport = JSON.parse(readFileSync(json, 'utf8'));
    assert.equal(
      report.command,
      'npm run bench:peers -- --only baseline --task cell,stop-busy --quick',
    );
    assert.ok(!readFileSync(json, 'utf8').includes(directory));
    const peers = ['baseline bare host', 'baseline node:vm'];
    const [cells, stops] = [report.figures.slice(0, 2), report.figures.slice(2)];
    assert.deepEqual(
      [cells, stops].map((all) => all.map(({ peer }) => peer)),
      [peers, peers],
    );
    for (const { figures } of cells) assert.ok((figures?.p50 ?? 0) > 0);
    for (const { figures, failures } of stops) {
      assert.equal(figures, null);
      assert.equal(failures[0]?.kind, 'not supported');
    }
  });

  it('exits with 2 for unknown arguments, peers and tasks', async (t) => {
    silence(t);
    assert.equal(await comparePeers(['--nonsense']), 2);
    assert.equal(await comparePeers(['--only', 'nobody']), 2);
    assert.equal(await comparePeers(['--task', 'nothing']), 2);
    assert.equal(await comparePeers(['--rounds', '0']), 2);
  });
});

describe('runTask', () => {
  const cell = TASKS.find(({ id }) => id === 'cell')!;

  it('survives a peer that kills its process', async () => {
    const outcome = await runTask(planted('dying'), cell, true);
    assert.equal(outcome.ok, false);
    assert.equal(outcome.ok === false && outcome.kind, 'died');
    assert.match(outcome.ok ? '' : outcome.detail, /SIGABRT/);
  });

  it('ends a peer that blocks its process', async () => {
    const outcome = await runTask(planted('blocking'), { ...cell, maxSeconds: 1 }, false);
    assert.deepEqual(outcome, { ok: false, kind: 'timed out', detail: 'no answer within 1 s' });
  });

  it('distinguishes a wrong answer from a slow one', async () => {
    const outcome = await runTask(planted('wrong'), cell, true);
    assert.equal(outcome.ok === false && outcome.kind, 'wrong answer');
  });
});

describe('FigureBook', () => {
  const well = (...samples: number[]): Outcome => ({ ok: true, samples, remark: 'a remark' });
  const died: Outcome = { ok: false, kind: 'died', detail: 'SIGABRT' };

  it('keeps the median of each round and the percentiles of all samples', () => {
    const book = new FigureBook(TASK);
    book.add('a', well(1, 2, 3));
    book.add('a', well(4, 5, 60));
    const { rounds, figures, remarks } = book.figureOf('a');
    assert.deepEqual(rounds, [2, 5]);
    assert.deepEqual(figures, { min: 1, p50: 3, p95: 60, p99: 60, max: 60, samples: 6 });
    assert.deepEqual(remarks, ['a remark']);
  });

  it('keeps failures beside successes, each once', () => {
    const book = new FigureBook(TASK);
    for (const outcome of [died, well(1), died]) book.add('a', outcome);
    assert.deepEqual(book.figureOf('a').failures, [{ kind: 'died', detail: 'SIGABRT', rounds: 2 }]);
    assert.equal(book.failuresOf('a'), 2);
    assert.equal(book.figureOf('b').figures, null);
  });

  it('does not repeat a task that a peer does not offer', () => {
    const book = new FigureBook(TASK);
    book.add('a', { ok: false, kind: 'not supported', detail: '' });
    assert.equal(book.failuresOf('a'), Number.POSITIVE_INFINITY);
  });
});
