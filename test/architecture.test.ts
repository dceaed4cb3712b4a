import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

const ROOT = new URL('../', import.meta.url).pathname;
const MAX_LINES = 300;

/** Who may import what: paths of this package by how they begin, packages and built-ins by name. */
interface Rule {
  /** How the paths of the files begin. The first rule that fits a file holds. */
  readonly files: string;
  readonly mayImport: readonly string[];
  /** Names that only these files may import. */
  readonly alone?: readonly string[];
}

const SANDBOX_PACKAGES = [
  'p-queue',
  'acorn',
  'acorn-walk',
  'fastest-levenshtein',
  '@swc/wasm-typescript',
];

const RULES: readonly Rule[] = [
  {
    files: 'src/',
    mayImport: ['src/', 'abort-controller-x', 'p-queue', 'node:events', 'node:buffer'],
  },
  { files: 'sandbox/bootstrap/', mayImport: ['sandbox/bootstrap/'] },
  {
    files: 'sandbox/isolate/',
    mayImport: ['src/', 'sandbox/', 'isolated-vm'],
    alone: ['isolated-vm'],
  },
  { files: 'sandbox/', mayImport: ['src/', 'sandbox/', ...SANDBOX_PACKAGES, 'node:'] },
  { files: 'host/cli.ts', mayImport: ['src/', 'host/', 'sandbox/', 'commander', 'node:'] },
  { files: 'host/code-mode-host.ts', mayImport: ['host/', 'sandbox/', 'node:'] },
  { files: 'host/run-command.ts', mayImport: ['src/', 'host/', 'sandbox/', 'node:'] },
  {
    files: 'host/serve-command.ts',
    mayImport: ['src/', 'host/', 'node:', 'pino'],
    alone: ['pino'],
  },
  {
    files: 'host/transports/',
    mayImport: ['src/', 'host/', 'node:', 'abort-controller-x', 'ws'],
    alone: ['ws'],
  },
  {
    files: 'host/',
    mayImport: [
      'src/',
      'host/',
      'node:',
      'abort-controller-x',
      'p-queue',
      'zod',
      '@modelcontextprotocol/client',
    ],
  },
];

interface SourceFile {
  readonly path: string;
  readonly code: string;
  readonly imports: readonly string[];
}

function sourceFiles(): readonly SourceFile[] {
  const paths = ['src', 'sandbox', 'host'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => posix.join(folder, name)),
  );
  return paths.sort().map((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return { path, code: text, imports: importsOf(path, text) };
  });
}

/** Static, dynamic and type imports, and re-exports; paths seen from the root. */
function importsOf(path: string, code: string): readonly string[] {
  const statements = /^(?:import|export)\s+[\w$*\s{},]+?\s+from\s+'([^']+)'|^import\s+'([^']+)'/gm;
  const inside = /\bimport\(\s*'([^']+)'/g;
  const found = [...code.matchAll(statements), ...withoutComments(code).matchAll(inside)];
  return found.map(([, first, second]) => {
    const from = first ?? second ?? '';
    return from.startsWith('.') ? posix.join(posix.dirname(path), from) : from;
  });
}

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*|\s\/\/ .*/gm, '');
}

function withoutStrings(code: string): string {
  return withoutComments(code).replaceAll(/'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g, "''");
}

function allows(allowed: string, from: string): boolean {
  if (allowed.endsWith('/') || allowed.endsWith(':')) return from.startsWith(allowed);
  return from === allowed || from.startsWith(`${allowed}/`);
}

const FILES = sourceFiles();

describe('The architecture', () => {
  it('lets files import only what their folder may', () => {
    const broken = FILES.flatMap(({ path, imports }) => {
      const rule = RULES.find(({ files }) => path.startsWith(files));
      return imports
        .filter((from) => !rule?.mayImport.some((allowed) => allows(allowed, from)))
        .map((from) => `${path} imports ${from}`);
    });
    assert.deepEqual(broken, []);
  });

  it('keeps some packages to the files that stand for them', () => {
    const broken = RULES.flatMap(({ files, alone = [] }) =>
      FILES.filter(({ path }) => !path.startsWith(files)).flatMap(({ path, imports }) =>
        imports.filter((from) => alone.includes(from)).map((from) => `${path}: ${from}`),
      ),
    );
    assert.deepEqual(broken, []);
  });

  it('writes every relative import with its ending', () => {
    const broken = FILES.flatMap(({ path, imports }) =>
      imports
        .filter((from) => /^(?:src|sandbox|host)\//.test(from) && !from.endsWith('.ts'))
        .map((from) => `${path}: ${from}`),
    );
    assert.deepEqual(broken, []);
  });

  it('sees the imports that are there', () => {
    const runtime = FILES.find(({ path }) => path === 'src/session-runtime.ts');
    assert.ok(runtime?.imports.some((from) => from === 'src/cell.ts'));
    assert.deepEqual(
      importsOf(
        'host/x.ts',
        `import 'a';\nimport type { B } from './b.ts';\nexport {\n  c,\n} from '../src/c.ts';\nawait import('d');`,
      ).map((from) => from),
      ['a', 'host/b.ts', 'src/c.ts', 'd'],
    );
  });

  it('has no default exports', () => {
    const broken = FILES.filter(({ code }) =>
      /^export default\b|\bas default\b/m.test(withoutStrings(code)),
    );
    assert.deepEqual(
      broken.map(({ path }) => path),
      [],
    );
  });

  it('has no any', () => {
    const typed = /[:<|&,(]\s*any\b(?!\s*\w)|\bas any\b|\bany\[\]/;
    const broken = FILES.filter(({ code }) => typed.test(withoutStrings(code)));
    assert.deepEqual(
      broken.map(({ path }) => path),
      [],
    );
  });

  it('has no enums, namespaces, decorators and parameter properties', () => {
    const forbidden =
      /^\s*(?:export\s+)?(?:const\s+)?(?:enum|namespace)\s+\w|^\s*@\w+\s*(?:\(|$)|constructor\([^)]*\b(?:private|public|protected|readonly)\s+\w+\s*[:?]/m;
    const broken = FILES.filter(({ code }) => {
      const plain = withoutStrings(code).replaceAll(/\{[^{}]*\}/g, '{}');
      return forbidden.test(plain);
    });
    assert.deepEqual(
      broken.map(({ path }) => path),
      [],
    );
  });

  it(`has no file of more than ${MAX_LINES} lines`, () => {
    const long = FILES.map(({ path, code }) => ({ path, lines: code.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ path, lines }) => `${path}: ${lines}`);
    assert.deepEqual(long, []);
  });

  it('has no file called after nothing', () => {
    const empty = /\/(?:utils?|types|common|helpers?|misc)\.ts$/;
    assert.deepEqual(
      FILES.map(({ path }) => path).filter((path) => empty.test(path)),
      [],
    );
  });
});

describe('Importing src/index.ts', () => {
  it('loads no native addon, not isolated-vm, and nothing from outside src but two packages', async () => {
    const loaded = await loadedBy('src/index.ts');
    assert.deepEqual(loaded.addons, []);
    const packages = new Set(
      loaded.files
        .map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1])
        .filter((name) => name !== undefined),
    );
    assert.ok(!packages.has('isolated-vm'));
    for (const name of packages) assert.ok(['abort-controller-x', 'p-queue'].includes(name), name);
    const own = loaded.files.filter(
      (file) => file.startsWith(ROOT) && !file.includes('node_modules'),
    );
    for (const file of own) assert.ok(file.startsWith(join(ROOT, 'src/')), file);
  });

  it('would be caught where it did: the sandbox loads the addon', async () => {
    const loaded = await loadedBy('sandbox/index.ts');
    assert.ok(
      loaded.addons.some((file) => file.includes('isolated')),
      loaded.addons.join(),
    );
  });
});

/** What a fresh process loads for a file: addons, by what the process has mapped, and JavaScript. */
async function loadedBy(path: string) {
  const script = `
    import { registerHooks } from 'node:module';
    const files = [];
    registerHooks({ load: (url, context, next) => { files.push(url); return next(url, context) } });
    await import(${JSON.stringify(new URL(`../${path}`, import.meta.url).href)});
    const addons = process.report.getReport().sharedObjects.filter((file) => file.endsWith('.node'));
    console.log(JSON.stringify({ addons, files }));`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { addons, files } = JSON.parse(stdout) as { addons: string[]; files: string[] };
  const asPath = (url: string) => (url.startsWith('file:') ? new URL(url).pathname : url);
  return { addons, files: files.map(asPath) };
}
