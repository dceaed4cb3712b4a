import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DEFAULT_HOST_LIMITS } from '../host/core/host-limits.ts';
import { DEFAULT_SANDBOX_LIMITS } from '../sandbox/limits.ts';
import { defaultProcessLimits } from '../sandbox/process/process-sandbox.ts';
import { DEFAULT_SESSION_LIMITS } from '../src/limits.ts';
import { namesIn, PAGES, type Page, ROOT, read } from './support/doc-pages.ts';

const TSC = join(ROOT, 'node_modules/.bin/tsc');

/** Sketches of our own code use names that are not public, so they are not compiled. */
const PAGE_WITH_SKETCHES = 'docs/conventions.md';

interface Block {
  /** What follows the three backticks. */
  readonly info: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

function blocksOf({ text }: Page): readonly Block[] {
  const fences = text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms);
  return [...fences].map(({ index, 1: info = '', 2: code = '' }) => ({
    info,
    line: text.slice(0, index).split('\n').length + 1,
    code,
  }));
}

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
    .replaceAll("'../host/index.ts'", "'cellhost/host'");
  return [`examples/${name}`, code];
}

/** A project that has this package installed, with its declarations as they are published. */
class ReaderProject implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cellhost-docs-'));
  readonly #project = join(this.#folder, 'project');

  constructor() {
    const installed = join(this.#project, 'node_modules/cellhost');
    mkdirSync(installed, { recursive: true });
    copyFileSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(this.#folder, 'node_modules'));
    const outDir = join(installed, 'dist');
    const built = tsc(['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', outDir]);
    assert.equal(built, '');
  }

  /** The compiler's errors for these files, by path. */
  problemsOf(sources: ReadonlyMap<string, string>): string {
    for (const [path, code] of sources) {
      mkdirSync(dirname(join(this.#project, path)), { recursive: true });
      writeFileSync(join(this.#project, path), code);
    }
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'esnext',
      lib: ['esnext'],
      module: 'nodenext',
      moduleDetection: 'force',
      types: ['node'],
      skipLibCheck: true,
    };
    const config = { compilerOptions, files: [...sources.keys()] };
    writeFileSync(join(this.#project, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(this.#project, 'tsconfig.json'), JSON.stringify(config));
    return tsc(['-p', this.#project], this.#project);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** Runs the compiler. Returns what it reports, one problem a line; empty if all is well. */
function tsc(args: readonly string[], cwd = ROOT): string {
  const { status, stdout, stderr } = spawnSync(TSC, ['--pretty', 'false', ...args], {
    cwd,
    encoding: 'utf8',
  });
  const said = `${stdout}${stderr}`;
  return status === 0 ? said : said || `the compiler exited with ${status}`;
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
