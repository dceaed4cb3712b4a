import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DEFAULT_HOST_LIMITS } from '../host/core/host-limits.ts';
import { DEFAULT_SANDBOX_LIMITS } from '../sandbox/limits.ts';
import { defaultProcessLimits } from '../sandbox/process/process-sandbox.ts';
import { DEFAULT_SESSION_LIMITS } from '../src/limits.ts';
import { blocksOf, namesIn, PAGES, type Page, read } from './support/doc-pages.ts';
import { ReaderProject } from './support/reader-project.ts';

/** Sketches of our own code use names that are not public, so they are not compiled. */
const PAGE_WITH_SKETCHES = 'docs/conventions.md';

/** The code of a page at its lines in the page, so that the compiler names them. */
function sourcesOf(page: Page): ReadonlyMap<string, string> {
  return new Map(
    blocksOf(page)
      .filter(({ info }) => info === 'ts')
      .map(({ line, code }) => [`${page.path}.${line}.ts`, '\n'.repeat(line - 1) + code]),
  );
}

/** An example as it would be in a project with the package. */
function exampleSource(name: string): readonly [string, string] {
  const code = read(`examples/${name}`)
    .replaceAll("'../sandbox/cellhost.ts'", "'cellhost'")
    .replaceAll("'../host/index.ts'", "'cellhost/host'")
    .replaceAll(/'\.\.\/host\/adapters\/([\w-]+)\.ts'/g, "'cellhost/$1'");
  return [`examples/${name}`, code];
}

describe('The code in the documentation', () => {
  let project: ReaderProject;
  before(() => {
    project = new ReaderProject();
  });
  after(() => project[Symbol.dispose]());

  it('compiles under strict, on every page and in every example', () => {
    const blocks = PAGES.flatMap((page) => [...sourcesOf(page)]);
    const examples = namesIn('examples', '.ts').map(exampleSource);
    assert.ok(blocks.length >= 8 && examples.length >= 5, `${blocks.length} blocks`);
    assert.equal(project.problemsOf(new Map([...blocks, ...examples])), '');
  });

  it('would be reported with its line if it were wrong', () => {
    const text = [
      '# Planted',
      '```ts',
      "import { openSession } from 'cellhost';",
      'openSession({ delegate: 1 });',
      '```',
      '```ts',
      'export const add = (a, b) => a + b;',
      '```',
      '```ts',
      "import { nothing } from 'cellhost/host';",
      'console.log(nothing);',
      '```',
    ].join('\n');
    const said = project.problemsOf(sourcesOf({ path: 'planted.md', text }));
    assert.match(said, /planted\.md\.3\.ts\(4,\d+\): error TS2322/);
    assert.match(said, /planted\.md\.7\.ts\(7,\d+\): error TS7006/);
    assert.match(said, /planted\.md\.10\.ts\(10,\d+\): error TS2305/);
  });

  it('has a language on each block, and sketches on one page only', () => {
    const odd = PAGES.flatMap((page) =>
      blocksOf(page)
        .filter(({ info }) => /^(?:ts|typescript|javascript)\b/.test(info) && info !== 'ts')
        .filter(({ info }) => page.path !== PAGE_WITH_SKETCHES || info !== 'ts sketch')
        .map(({ info, line }) => `${page.path}:${line}: ${info}`),
    );
    assert.deepEqual(odd, []);
  });
});

describe('The documentation', () => {
  it('has a README of at most 160 lines', () => {
    assert.ok(read('README.md').trimEnd().split('\n').length <= 160);
  });

  it('lists every limit', () => {
    const page = read('docs/limits.md');
    const names = [
      DEFAULT_SESSION_LIMITS,
      DEFAULT_SANDBOX_LIMITS,
      defaultProcessLimits(),
      DEFAULT_HOST_LIMITS,
    ].flatMap((limits) => Object.keys(limits));
    assert.deepEqual(
      names.filter((name) => !page.includes(`\`${name}\``)),
      [],
    );
  });

  it('lists every error code and every kind of failure', () => {
    const page = read('docs/errors.md');
    const codes = [
      ...unionIn('src/errors.ts', 'ErrorCode'),
      ...unionIn('src/events.ts', 'FailureKind'),
    ];
    assert.ok(codes.length > 20, codes.join());
    assert.deepEqual(
      codes.filter((code) => !page.includes(`\`${code}\``)),
      [],
    );
  });
});

/** The members of a union of texts, as its file has them. */
function unionIn(path: string, name: string): readonly string[] {
  const [, union = ''] = new RegExp(`export type ${name} =(.*?);\n`, 's').exec(read(path)) ?? [];
  return [...union.matchAll(/\| '(\w+)'/g)].map(([, member = '']) => member);
}
