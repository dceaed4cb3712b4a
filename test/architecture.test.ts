import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

const ROOT = new URL('../', import.meta.url).pathname;
const MAX_LINES = 300;

/**
 * What files may import: files and folders of this package by path, packages and built-ins by name.
 * `x/` means everything below a folder, `x/*` the files in the folder itself.
 */
interface Rule {
  /** How the paths of the files begin. The first rule that fits a file holds. */
  readonly files: string;
  readonly mayImport: readonly string[];
  /** Names that only these files may import. */
  readonly alone?: readonly string[];
}

/** The three files of `sandbox/` that its rooms build on. */
const SANDBOX_BASE = ['sandbox/limits.ts', 'sandbox/quiet-moment.ts', 'sandbox/stored-bound.ts'];

/** For large messages, whoever's. */
const READ_AHEAD = 'sandbox/process/read-ahead.ts';

/** For numbers in messages, whoever's. */
const UINT32 = 'sandbox/process/uint32.ts';

const RULES: readonly Rule[] = [
  { files: 'src/index.ts', mayImport: ['src/'] },
  { files: 'src/collections/', mayImport: ['src/collections/'] },
  { files: 'src/json/', mayImport: ['src/json/'] },
  { files: 'src/waiting/', mayImport: ['src/waiting/'] },
  { files: 'src/describe/', mayImport: ['src/*', 'src/describe/'] },
  {
    files: 'src/embed/',
    mayImport: [
      'src/*',
      'src/waiting/',
      'src/describe/',
      'src/embed/',
      'node:module',
      'ajv',
      '@standard-schema/spec',
    ],
    alone: ['ajv'],
  },
  {
    files: 'src/routing/',
    mayImport: ['src/*', 'src/collections/', 'src/waiting/', 'src/routing/'],
  },
  {
    files: 'src/runtime/',
    mayImport: [
      'src/*',
      'src/collections/',
      'src/waiting/',
      'src/routing/',
      'src/embed/',
      'src/runtime/',
      'abort-controller-x',
      'p-queue',
    ],
  },
  { files: 'src/', mayImport: ['src/*'] },

  { files: 'sandbox/bootstrap/', mayImport: ['sandbox/bootstrap/'] },
  {
    files: 'sandbox/source/',
    mayImport: [
      'src/*',
      ...SANDBOX_BASE,
      'sandbox/source/',
      'sandbox/bootstrap/',
      'node:',
      'acorn',
      'acorn-walk',
      '@swc/wasm-typescript',
    ],
    alone: ['acorn', 'acorn-walk', '@swc/wasm-typescript'],
  },
  {
    files: 'sandbox/isolate/',
    mayImport: [
      'src/*',
      'src/collections/',
      'src/waiting/',
      ...SANDBOX_BASE,
      'sandbox/isolate/',
      'sandbox/source/',
      'sandbox/bootstrap/',
      'isolated-vm',
      'node:v8',
      'node:vm',
      'p-queue',
      'fastest-levenshtein',
    ],
    alone: ['isolated-vm', 'fastest-levenshtein'],
  },
  {
    files: 'sandbox/process/child.ts',
    mayImport: ['src/*', ...SANDBOX_BASE, 'sandbox/process/', 'sandbox/isolate/', 'node:'],
  },
  { files: 'sandbox/process/guest.ts', mayImport: ['sandbox/isolate/isolate-run.ts'] },
  {
    files: 'sandbox/process/direct-door.ts',
    mayImport: ['sandbox/process/', 'sandbox/isolate/doorway.ts'],
  },
  {
    files: 'sandbox/process/',
    mayImport: [
      'src/*',
      'src/collections/',
      'src/json/',
      ...SANDBOX_BASE,
      'sandbox/process/',
      'p-queue',
      'node:',
    ],
  },
  { files: 'sandbox/limits.ts', mayImport: ['node:os'] },
  {
    files: 'sandbox/',
    mayImport: [
      'src/',
      'sandbox/*',
      'sandbox/isolate/',
      'sandbox/process/',
      'src/embed/supported-node.ts',
    ],
  },

  { files: 'host/index.ts', mayImport: ['host/', 'src/embed/supported-node.ts'] },
  { files: 'host/core/', mayImport: ['src/', 'host/core/'] },
  { files: 'host/io/', mayImport: [READ_AHEAD, 'host/io/', 'node:'] },
  {
    files: 'host/grpc/client/',
    mayImport: [
      'src/',
      'host/core/',
      'host/io/',
      'host/remote/',
      'host/grpc/*',
      'host/grpc/generated/',
      'host/grpc/client/',
      'node:',
      'abort-controller-x',
    ],
  },
  {
    files: 'host/grpc/server/',
    mayImport: [
      'src/',
      'host/core/',
      'host/io/',
      'host/grpc/*',
      'host/grpc/generated/',
      'host/grpc/server/',
      'node:',
      'abort-controller-x',
    ],
  },
  {
    files: 'host/grpc/',
    mayImport: ['host/io/', 'host/grpc/', 'node:', '@bufbuild/protobuf'],
    alone: ['@bufbuild/protobuf'],
  },
  {
    files: 'host/wire/',
    mayImport: ['src/', UINT32, 'host/core/', 'host/io/', 'host/wire/', 'node:', 'zod'],
  },
  {
    files: 'host/transports/',
    mayImport: [
      'src/',
      READ_AHEAD,
      'host/io/',
      'host/wire/',
      'host/transports/',
      'node:',
      'abort-controller-x',
      'ws',
    ],
    alone: ['ws'],
  },
  {
    files: 'host/mcp/',
    mayImport: ['src/', 'host/io/', 'host/mcp/', 'node:', 'zod', '@modelcontextprotocol/client'],
    alone: ['@modelcontextprotocol/client'],
  },
  {
    files: 'host/mcp-server/',
    mayImport: [
      'src/',
      'host/mcp/',
      'host/mcp-server/',
      'node:',
      'abort-controller-x',
      'minisearch',
      '@modelcontextprotocol/server',
      '@modelcontextprotocol/node',
    ],
    alone: ['minisearch', '@modelcontextprotocol/server', '@modelcontextprotocol/node'],
  },
  { files: 'host/acp/lines/', mayImport: ['host/acp/lines/', 'host/io/', 'node:'] },
  {
    files: 'host/acp/',
    mayImport: [
      'src/',
      'host/io/',
      'host/mcp/',
      'host/mcp-server/',
      'host/acp/',
      'node:',
      'abort-controller-x',
      'zod',
    ],
  },
  {
    files: 'host/server/',
    mayImport: ['src/', 'host/core/', 'host/wire/', 'host/server/', 'node:'],
  },
  { files: 'host/remote/', mayImport: ['src/', 'host/core/', 'host/remote/'] },
  {
    files: 'host/json-client/',
    mayImport: ['src/', 'host/core/', 'host/wire/', 'host/remote/', 'host/json-client/', 'node:'],
  },
  {
    files: 'host/client/',
    mayImport: [
      'src/',
      'host/io/',
      'host/wire/',
      'host/transports/',
      'host/remote/',
      'host/json-client/',
      'host/grpc/client/',
      'host/client/',
      'node:',
      'abort-controller-x',
    ],
  },
  {
    files: 'host/adapters/',
    mayImport: [
      'src/',
      'sandbox/open-session.ts',
      'host/mcp-server/call-arguments.ts',
      'host/adapters/',
      '@standard-schema/spec',
      'ai',
      '@openai/agents',
      '@langchain/core',
    ],
    alone: ['ai', '@openai/agents', '@langchain/core'],
  },
  {
    files: 'host/session-layer/',
    mayImport: [
      'src/',
      'host/core/',
      'host/client/',
      'host/remote/',
      'host/mcp/',
      'host/session-layer/',
      'node:',
      'abort-controller-x',
    ],
  },
  {
    files: 'host/cli/cli.ts',
    mayImport: ['src/', 'sandbox/process/process-sandbox.ts', 'host/cli/', 'commander', 'node:'],
    alone: ['commander'],
  },
  {
    files: 'host/cli/code-mode-host.ts',
    mayImport: [
      'sandbox/process/early-spawn.ts',
      'sandbox/process/end-with-parent.ts',
      'sandbox/process/engine-node.ts',
      'sandbox/process/process-sandbox.ts',
      'host/cli/',
      'node:',
    ],
  },
  {
    files: 'host/cli/serve-command.ts',
    mayImport: [
      'src/',
      'host/core/',
      'host/cli/',
      'host/io/',
      'host/wire/',
      'host/transports/',
      'host/server/',
      'node:',
    ],
  },
  { files: 'host/cli/open-log.ts', mayImport: ['host/cli/', 'pino'], alone: ['pino'] },
  {
    files: 'host/cli/acp-command.ts',
    mayImport: ['src/', 'host/acp/', 'host/cli/', 'host/mcp/', 'node:'],
  },
  { files: 'host/cli/attach-command.ts', mayImport: ['host/cli/', 'host/io/', 'node:'] },
  {
    files: 'host/cli/serve-grpc.ts',
    mayImport: [
      'src/',
      'host/core/',
      'host/cli/',
      'host/io/',
      'host/wire/endpoint.ts',
      'host/transports/listen-grpc.ts',
      'host/grpc/server/grpc-server.ts',
    ],
  },
  {
    files: 'host/cli/grpc-options.ts',
    mayImport: ['src/', 'host/wire/endpoint.ts'],
  },
  {
    files: 'host/cli/mcp-command.ts',
    mayImport: [
      'src/',
      'host/cli/',
      'host/io/',
      'host/mcp/',
      'host/mcp-server/',
      'host/wire/endpoint.ts',
      'node:',
    ],
  },
  {
    files: 'host/cli/mcp-endpoint.ts',
    mayImport: ['src/', 'host/wire/endpoint.ts'],
  },
  {
    files: 'host/cli/',
    mayImport: [
      'src/',
      'host/core/',
      'host/io/',
      'host/cli/',
      'host/mcp/',
      'node:',
      'abort-controller-x',
    ],
  },
];

/** Entries: files that only join the rooms of their folder, and do not form a room. */
const ENTRIES = [
  'src/index.ts',
  'sandbox/index.ts',
  'sandbox/cellhost.ts',
  'sandbox/open-session.ts',
  'host/index.ts',
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
  if (allowed.endsWith('/*')) return posix.dirname(from) === allowed.slice(0, -2);
  if (allowed.endsWith('/') || allowed.endsWith(':')) return from.startsWith(allowed);
  return from === allowed || from.startsWith(`${allowed}/`);
}

/** Which rooms each room imports. */
function roomsOf(files: readonly SourceFile[]): ReadonlyMap<string, ReadonlySet<string>> {
  const rooms = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    if (ENTRIES.includes(path)) continue;
    const room = posix.dirname(path);
    const others = imports
      .filter((from) => /^(?:src|sandbox|host)\//.test(from))
      .map((from) => posix.dirname(from))
      .filter((other) => other !== room);
    rooms.set(room, new Set([...(rooms.get(room) ?? []), ...others]));
  }
  return rooms;
}

/** The first circle, from a room back to itself; empty if there is none. */
function circleIn(rooms: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const done = new Set<string>();
  const visit = (room: string, path: readonly string[]): readonly string[] => {
    const at = path.indexOf(room);
    if (at >= 0) return [...path.slice(at), room];
    if (done.has(room)) return [];
    for (const other of rooms.get(room) ?? []) {
      const circle = visit(other, [...path, room]);
      if (circle.length > 0) return circle;
    }
    done.add(room);
    return [];
  };
  for (const room of rooms.keys()) {
    const circle = visit(room, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

const FILES = sourceFiles();
/** Without those that a generator writes. */
const WRITTEN = FILES.filter(({ path }) => !path.startsWith('host/grpc/generated/'));

describe('The architecture', () => {
  it('has files that import only what their folder may', () => {
    const broken = FILES.flatMap(({ path, imports }) => {
      const rule = RULES.find(({ files }) => path.startsWith(files));
      return imports
        .filter((from) => !rule?.mayImport.some((allowed) => allows(allowed, from)))
        .map((from) => `${path} imports ${from}`);
    });
    assert.deepEqual(broken, []);
  });

  it('has rooms that import each other in one direction, without circles', () => {
    assert.deepEqual(circleIn(roomsOf(FILES)), []);
  });

  it('would refuse a session core that knows a wire', () => {
    const core = RULES.find(({ files }) => files === 'host/core/');
    for (const from of ['host/wire/protocol.ts', 'host/server/host.ts', 'node:http2', 'zod']) {
      assert.equal(
        core?.mayImport.some((allowed) => allows(allowed, from)),
        false,
        from,
      );
    }
  });

  it('would refuse a wire that knows the other', () => {
    for (const [files, from] of [
      ['host/grpc/', 'host/wire/protocol.ts'],
      ['host/wire/', 'host/grpc/status.ts'],
      ['host/server/', 'host/grpc/status.ts'],
    ] as const) {
      const rule = RULES.find((one) => one.files === files);
      assert.equal(
        rule?.mayImport.some((allowed) => allows(allowed, from)),
        false,
        from,
      );
    }
  });

  it('would find a circle of rooms', () => {
    const rooms = new Map([
      ['a', new Set(['b'])],
      ['b', new Set(['c'])],
      ['c', new Set(['b'])],
    ]);
    assert.deepEqual(circleIn(rooms), ['b', 'c', 'b']);
  });

  it('shows about fifteen entries in each folder of src', () => {
    const crowded = ['src', 'sandbox', 'host'].filter(
      (folder) => readdirSync(join(ROOT, folder)).length > 17,
    );
    assert.deepEqual(crowded, []);
  });

  it('restricts some packages to the files that wrap them', () => {
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

  it('sees all imports', () => {
    const runtime = FILES.find(({ path }) => path === 'src/runtime/session-runtime.ts');
    assert.ok(runtime?.imports.some((from) => from === 'src/runtime/cell.ts'));
    assert.ok(!allows('src/*', 'src/runtime/cell.ts'));
    assert.ok(allows('src/*', 'src/errors.ts'));
    assert.deepEqual(
      importsOf(
        'host/x.ts',
        `import 'a';\nimport type { B } from './b.ts';\nexport {\n  c,\n} from '../src/c.ts';\nawait import('d');`,
      ).map((from) => from),
      ['a', 'host/b.ts', 'src/c.ts', 'd'],
    );
  });

  it('has no default exports', () => {
    const broken = WRITTEN.filter(({ code }) =>
      /^export default\b|\bas default\b/m.test(withoutStrings(code)),
    );
    assert.deepEqual(
      broken.map(({ path }) => path),
      [],
    );
  });

  it('has no any', () => {
    const typed = /[:<|&,(]\s*any\b(?!\s*\w)|\bas any\b|\bany\[\]/;
    const broken = WRITTEN.filter(({ code }) => typed.test(withoutStrings(code)));
    assert.deepEqual(
      broken.map(({ path }) => path),
      [],
    );
  });

  it('has no enums, namespaces, decorators and parameter properties', () => {
    const forbidden =
      /^\s*(?:export\s+)?(?:const\s+)?(?:enum|namespace)\s+\w|^\s*@\w+\s*(?:\(|$)|constructor\([^)]*\b(?:private|public|protected|readonly)\s+\w+\s*[:?]/m;
    const broken = WRITTEN.filter(({ code }) => {
      const plain = withoutStrings(code).replaceAll(/\{[^{}]*\}/g, '{}');
      return forbidden.test(plain);
    });
    assert.deepEqual(
      broken.map(({ path }) => path),
      [],
    );
  });

  it(`has no file of more than ${MAX_LINES} lines`, () => {
    const long = WRITTEN.map(({ path, code }) => ({
      path,
      lines: code.trimEnd().split('\n').length,
    }))
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ path, lines }) => `${path}: ${lines}`);
    assert.deepEqual(long, []);
  });

  it('has no file with a meaningless name', () => {
    const empty = /\/(?:utils?|types|common|helpers?|misc)\.ts$/;
    assert.deepEqual(
      FILES.map(({ path }) => path).filter((path) => empty.test(path)),
      [],
    );
  });
});

describe('Importing src/index.ts', () => {
  it('loads no native addon, no isolated-vm, and only two packages from outside src', async () => {
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

  it('would be caught: the sandbox loads the addon', async () => {
    const loaded = await loadedBy('sandbox/index.ts');
    assert.ok(
      loaded.addons.some((file) => file.includes('isolated')),
      loaded.addons.join(),
    );
  });
});

describe('A process that an agent attaches', () => {
  it('loads no engine, no package and no other command', async () => {
    const { addons, files } = await loadedBy('host/cli/attach-command.ts');
    const own = files.filter((file) => file.startsWith('/'));
    assert.deepEqual(addons, []);
    assert.ok(own.length > 1 && own.length < 10, own.join());
    for (const file of own) {
      const path = file.slice(ROOT.length);
      assert.ok(path.startsWith('host/cli/') || path.startsWith('host/io/'), path);
    }
  });
});

/** What a new process loads for a file: addons, according to its memory map, and JavaScript. */
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
