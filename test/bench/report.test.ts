import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { CATALOGUE } from '../../bench/peers/catalogue.ts';
import type { PeerFigure } from '../../bench/peers/outcome.ts';
import type { PeerReport } from '../../bench/peers/peer-report.ts';
import { TASKS } from '../../bench/peers/tasks.ts';
import type { Reports } from '../../bench/report/figures.ts';
import { render, renew, report } from '../../bench/report/run.ts';
import { fillIn } from '../../bench/report/template.ts';
import type { Report } from '../../bench/support/bench-report.ts';
import { summary } from '../../bench/support/measurement.ts';

const directory = mkdtempSync(join(tmpdir(), 'cellhost-report-'));
after(() => rmSync(directory, { recursive: true }));

const MACHINE = {
  date: '2026-11-21T12:00:00.000Z',
  commit: '0123456789abcdef0123456789abcdef01234567+',
  cpu: 'A processor',
  cores: 2,
  memoryMiB: 24_576,
  platform: 'linux x64',
  load: 0.3,
  node: 'v26.10.0',
  v8: '14.6',
  isolatedVm: '7.0.1',
};

function benchReport(): Report {
  const shutdown = [1, 10, 100].flatMap((callbacks) =>
    ['cooperative', 'stubborn'].map((manner) => ({
      suite: 'shutdown',
      ...summary(`one cell, ${callbacks} callbacks`, `${manner}, tools`, 'ms', [
        manner === 'stubborn' ? 101 : callbacks / 100,
      ]),
      dimensions: {
        callbacks,
        manner,
        of: 'tools',
        end: 'terminate',
        cells: 1,
        place: 'in process',
      },
    })),
  );
  const warm = {
    suite: 'cell-start',
    ...summary('right after another', 'warm cell', 'ms', [0.15]),
  };
  const floor = {
    suite: 'cell-start',
    ...summary(
      'right after another',
      'baseline: isolated-vm, a new context in a used isolate, eval',
      'ms',
      [0.1],
    ),
  };
  const results = [...shutdown, warm, floor];
  return {
    kind: 'bench',
    ...MACHINE,
    command: 'npm run bench',
    once: false,
    pulses: [],
    results,
    failures: [],
  };
}

function peerReport(): PeerReport {
  return {
    kind: 'peers',
    ...MACHINE,
    command: 'npm run bench:peers',
    quick: false,
    rounds: 3,
    peers: CATALOGUE.map(({ id, own, runsIn, remark }) => {
      return { id, own, version: '1.0.0', node: 'v26.10.0', runsIn, remark, missing: null };
    }),
    tasks: TASKS.map(({ id, title, unit }) => ({ id, title, unit })),
    figures: TASKS.flatMap(({ id: task, unit }) =>
      CATALOGUE.map(({ id: peer, own }, n): PeerFigure => {
        const failure = { kind: 'died', detail: 'a | b', rounds: 2 } as const;
        if (n % 5 === 4) {
          return { task, peer, unit, rounds: [], figures: null, failures: [failure], remarks: [] };
        }
        const p50 = own ? 1 : 10 + n;
        const figures = { min: p50, p50, p95: p50, p99: p50, max: p50, samples: 3 };
        return { task, peer, unit, rounds: [p50], figures, failures: [], remarks: [] };
      }),
    ),
  };
}

const FULL = 'benchmarks/full.md';
const ALL: Reports = { bench: benchReport(), peers: peerReport(), soak: null, hosts: null };

describe('render', () => {
  it('makes the same bytes from the same reports', () => {
    const first = [...render(ALL)];
    const copy: Reports = JSON.parse(JSON.stringify(ALL));
    assert.deepEqual([...render(copy)], first);
    assert.ok(first.length >= 6, first.map(([file]) => file).join());
  });

  it('leaves no placeholder of the templates empty', () => {
    for (const file of ['benchmarks.md', FULL]) {
      assert.doesNotMatch(render(ALL).get(file) ?? '', /\{\{|undefined|NaN|\[object/);
    }
    assert.match(render(ALL).get(FULL) ?? '', /Date: 2026-11-21; commit 0123456789\+/);
  });

  it('opens with answers, machine and date, and links to the full tables', () => {
    const text = render(ALL).get('benchmarks.md') ?? '';
    assert.match(text, /100 stubborn callbacks close in 101 ms; 100 cooperative ones in 1 ms\./);
    assert.match(text, /Measured on 2026-11-21: A processor, 2 cores, 24 GiB, linux x64/);
    assert.match(text, /\(benchmarks\/full\.md\)/);
    assert.equal(text.match(/^\| --- /gm)?.length, 2, 'two tables');
    const pictures = text.match(/^!\[[^\]]+\]\(benchmarks\/[a-z-]+\.svg\)$/gm) ?? [];
    assert.ok(pictures.length > 0 && pictures.length <= 4, pictures.join('\n'));
  });

  it('links to pictures from the full tables', () => {
    const text = render(ALL).get(FULL) ?? '';
    const files = [...text.matchAll(/\]\(\.\/([a-z-]+\.svg)\)/g)].map(([, file]) => String(file));
    assert.ok(files.length >= 5);
    for (const file of files) assert.ok(render(ALL).has(`benchmarks/${file}`), file);
  });

  it('shows both hosts over gRPC, if they were measured', () => {
    const figures = peerReport().figures.map((each) =>
      each.peer === 'cellhost hosted, gRPC'
        ? { ...each, figures: { min: 5, p50: 5, p95: 5, p99: 5, max: 5, samples: 3 } }
        : each,
    );
    const measured = { ...ALL, peers: { ...peerReport(), figures } };
    const text = render(measured).get('benchmarks.md') ?? '';
    assert.match(text, /\| cell `text\(1\+1\)` \| 15 ms \| 5 ms \| 0\.33 × \|\n/);
    const older = figures.filter(({ peer }) => !peer.endsWith('gRPC'));
    const without = { ...ALL, peers: { ...peerReport(), figures: older } };
    assert.match(render(without).get('benchmarks.md') ?? '', /## Over gRPC[^#]*\*Not measured\.\*/);
  });

  it('shows targets as reached, missed or not measured', () => {
    const text = render(ALL).get(FULL) ?? '';
    assert.match(
      text,
      /\| cell `text\(1\+1\)` \| 13 ms \| 1 ms \| 0\.077 × \| ≤ 0\.4 × \| ✓ reached \| 23 ms \|/,
    );
    assert.match(
      text,
      /\| a warm cell, right after another \| 0\.15 ms \| ≤ 0\.2 ms \| ✓ reached \| 0\.1 ms \|/,
    );
    assert.match(
      text,
      /\| a tool call, right after another \| – \| ≤ 40 ms \| · not measured \| – \|/,
    );
    const slow = { ...ALL, peers: onlyHosted(7) };
    assert.match(render(slow).get(FULL) ?? '', /\| 0\.54 × \| ≤ 0\.4 × \| ✗ missed \|/);
  });

  it('says why targets were missed, each cause once, and nothing if none was missed', () => {
    const slow = render({ ...ALL, peers: onlyHosted(7) }).get(FULL) ?? '';
    assert.match(slow, /^\* cell `text\(1\+1\)`, 100 cells at once: A checked cell runs/m);
    assert.equal(slow.match(/A checked cell runs/g)?.length, 1);
    assert.match(render(ALL).get(FULL) ?? '', /Nothing is missed\./);
  });

  it("shows another client's results for two hosts, with failures", () => {
    const hosts = {
      'a cell, ms': { a: 1.5, b: 3, 'a/b': 0.5 },
      'many calls, ms': { a: 80, b: 'FAIL: host died', 'a/b': '-' },
    };
    const text = render({ ...ALL, hosts }).get(FULL) ?? '';
    assert.match(
      text,
      /\| a cell, ms \| 3 \| 1\.5 \| 0\.5 × \|\n\| many calls, ms \| host died \| 80 \| – \|/,
    );
  });

  it('shows how a peer failed, with its error text inside the table', () => {
    assert.match(render(ALL).get(FULL) ?? '', /2 × died: a \\\| b/);
  });

  it('warns of a quick run and of a busy machine', () => {
    const quick = { ...ALL, peers: { ...peerReport(), quick: true } };
    assert.match(render(quick).get(FULL) ?? '', /figures mean nothing/);
    const busy = { ...ALL, bench: { ...benchReport(), load: 3 } };
    assert.match(render(busy).get(FULL) ?? '', /machine was busy/);
    assert.doesNotMatch(render(ALL).get(FULL) ?? '', /mean nothing|was busy/);
  });

  it('says what was not measured', () => {
    const nothing: Reports = { bench: null, peers: null, soak: null, hosts: null };
    assert.match(render(nothing).get(FULL) ?? '', /\*Not measured\.\*/);
  });
});

function onlyHosted(p50: number): PeerReport {
  const whole = peerReport();
  const figures = whole.figures.map((each) =>
    each.peer === 'cellhost hosted' && each.figures !== null
      ? { ...each, figures: { ...each.figures, p50 } }
      : each,
  );
  return { ...whole, figures };
}

describe('fillIn', () => {
  it('refuses an unknown part', () => {
    assert.throws(() => fillIn('{{nonsense: x}}', ALL, [], ''), /there is no part nonsense/);
    assert.throws(() => fillIn('{{circumstances: x}}', ALL, [], ''), /there is no report x/);
  });
});

describe('bench/report/run.ts', () => {
  it('keeps results, and makes the document and its pictures from all of them', (t) => {
    t.mock.method(console, 'log', () => {});
    const file = join(directory, 'peers.json');
    writeFileSync(file, JSON.stringify(peerReport()));
    assert.equal(report(['--peers', file, '--out', directory]), 0);
    const text = () => readFileSync(join(directory, FULL), 'utf8');
    assert.match(text(), /\| a warm cell, right after another \| – \|/);
    renew(directory, 'bench', benchReport());
    assert.equal(report(['--out', directory]), 0);
    assert.match(text(), /\| a warm cell, right after another \| 0\.15 ms \|/);
    const files = readdirSync(join(directory, 'benchmarks'));
    for (const name of ['full.md', 'peers.json', 'bench.json', 'peers-stop.svg'])
      assert.ok(files.includes(name));
  });

  it('exits with 2 for unknown arguments', (t: TestContext) => {
    t.mock.method(console, 'error', () => {});
    assert.equal(report(['--nonsense']), 2);
  });
});
