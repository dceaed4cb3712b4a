import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import ivm from 'isolated-vm';
import { isolateSandbox } from '../../sandbox/index.ts';
import { namesIn, read } from '../support/doc-pages.ts';
import { runCell } from '../support/finished-cell.ts';
import { ReaderProject } from '../support/reader-project.ts';

/** The files of declarations, and the options of the sessions whose cells have what they declare. */
const FILES = {
  'guest.d.ts': {},
  'console.d.ts': { console: true },
  'web.d.ts': { globals: 'web' },
} as const;
type FileName = keyof typeof FILES;

/** What V8 has, and cells have not. */
const REMOVED = ['Atomics', 'SharedArrayBuffer', 'Temporal', 'WebAssembly', 'console'];

const LIST = 'Object.getOwnPropertyNames(globalThis).sort()';

/** The globals that V8 gives a context by itself. */
function builtIns(): readonly string[] {
  const isolate = new ivm.Isolate({ memoryLimit: 8 });
  try {
    return JSON.parse(isolate.createContextSync().evalSync(`JSON.stringify(${LIST})`));
  } finally {
    isolate.dispose();
  }
}

/** The values that a file declares. */
function declaredIn(file: FileName): readonly string[] {
  const found = read(`guest/${file}`).matchAll(/^declare (?:const|function|class|var) (\w+)/gm);
  return [...new Set([...found].map(([, name = '']) => name))].sort();
}

describe('The declarations of globals', () => {
  const sandbox = isolateSandbox();
  after(() => sandbox.close());

  async function globalsWith(options: object): Promise<readonly string[]> {
    const { texts, failure } = await runCell(sandbox, `text(${LIST})`, { options });
    assert.equal(failure, null);
    return JSON.parse(texts[0] ?? '');
  }

  it('are in files that are all tested here', () => {
    assert.deepEqual(namesIn('guest', '.d.ts'), Object.keys(FILES).sort());
  });

  it('have every global that a cell has, and no other', async () => {
    const own = builtIns();
    const globals = await globalsWith({});
    assert.deepEqual(
      globals.filter((name) => !own.includes(name)),
      declaredIn('guest.d.ts'),
    );
    assert.deepEqual(
      own.filter((name) => !globals.includes(name)),
      REMOVED,
    );
  });

  for (const [file, options] of Object.entries(FILES)) {
    it(`have in ${file} what its option adds`, async () => {
      const plain = await globalsWith({});
      const added = (await globalsWith(options)).filter((name) => !plain.includes(name));
      if (file !== 'guest.d.ts') assert.deepEqual(added, declaredIn(file as FileName));
      else assert.deepEqual(added, []);
    });
  }

  it('are described on their page, and what is missing on the page about cells', () => {
    const page = read('docs/guest.md');
    for (const name of declaredIn('guest.d.ts'))
      assert.match(page, new RegExp(`^\\| \`${name}\\b|, \`${name}\\b`, 'm'));
    const about = read('docs/cells.md');
    for (const name of REMOVED) assert.ok(about.includes(`\`${name}\``), name);
  });
});

describe('A project with the declarations of globals', () => {
  let project: ReaderProject;
  before(() => {
    project = new ReaderProject();
  });
  after(() => project[Symbol.dispose]());

  function problems(code: string, types: readonly string[] = ['cellhost/guest']): string {
    return project.problemsOf(new Map([['cell.ts', code]]), { types });
  }

  it('accepts what the helpers accept', () => {
    const code = `
      declare global {
        interface CellTools { add(args: { a: number; b: number }): Promise<number> }
      }
      const sum: number = await tools.add({ a: 1, b: 2 });
      const other: string = await tools.other_tool!();
      image({ image_url: other, detail: 'low' });
      const timer: number = setTimeout(() => {}, 5);
      clearTimeout(timer);
      for await (const settled of as_settled([tools.add({ a: 1, b: 2 })])) {
        const at: number = settled.index;
        if (settled.status === 'fulfilled') text(settled.value.toFixed(at + sum));
      }
      await stream_settled(new Map([['key', 1]]), ({ index }) => text(index.toUpperCase()));
      store('key', { any: ['JSON'] });
      text(load('key').any[0]);
      export {};`;
    assert.equal(problems(code), '');
  });

  for (const [what, code, error] of [
    ['a wrong detail', `image('data:,', 'huge')`, /TS2345/],
    ['a misspelt helper', `yieldControl()`, /TS2552/],
    ['an argument of the wrong type', `notify()`, /TS2554/],
    ['what only other runtimes have', `fetch('https://example.com')`, /TS2304/],
    ['a console that nobody turned on', `console.log(1)`, /TS2584|TS2304/],
    [
      'a settled value that may be a reason',
      `for await (const s of as_settled([1])) text(s.value)`,
      /TS2339/,
    ],
  ] as const) {
    it(`reports ${what}`, () => {
      assert.match(problems(`${code}; export {};`), error);
    });
  }

  it('accepts web globals with their declarations', () => {
    const code = `
      const url: URL = new URL('/a', 'https://example.com');
      for (const [name, value] of url.searchParams) text(name + value);
      text(new TextDecoder('utf-16le', { fatal: true }).decode(new TextEncoder().encode('a')));
      const copy: Map<string, number> = structuredClone(new Map([['a', 1]]));
      queueMicrotask(() => text(atob(btoa(crypto.randomUUID())) + copy.size));
      try { atob('%') } catch (error) { if (error instanceof DOMException) text(error.name); }
      export {};`;
    assert.equal(problems(code, ['cellhost/guest', 'cellhost/guest/web']), '');
    assert.match(problems(code), /TS2304: Cannot find name 'URL'|TS2552/);
  });

  it('accepts the console with its declarations', () => {
    assert.equal(
      problems(`console.log(1, 2); export {};`, ['cellhost/guest', 'cellhost/guest/console']),
      '',
    );
  });
});
