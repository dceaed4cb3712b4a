import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { isolateSandbox } from '../../sandbox/index.ts';
import { describeRuntime } from '../../src/describe/describe-runtime.ts';
import type { OutputItem } from '../../src/events.ts';
import { type Block, blocksOf, read } from '../support/doc-pages.ts';
import { recordedSession } from '../support/finished-cell.ts';
import { ReaderProject } from '../support/reader-project.ts';

const PAGE = { path: 'docs/guest.md', text: read('docs/guest.md') };

/** A program of the page, and what the page says that it shows. */
interface Shown {
  readonly program: Block;
  readonly output: string;
}

function shownOn(page: typeof PAGE): readonly Shown[] {
  const blocks = blocksOf(page);
  return blocks.flatMap((program, at) => {
    if (program.info !== 'js' && program.info !== 'js web') return [];
    const next = blocks[at + 1];
    assert.equal(next?.info, 'text', `${page.path}:${program.line} shows nothing`);
    return [{ program, output: next.code.trimEnd() }];
  });
}

/** The tools of the programs. */
const TOOLS = {
  get_user: (input: unknown) => {
    const { id } = input as { readonly id: number };
    if (id === 404) throw new Error(`no user has the id ${id}`);
    return { id, name: 'Ada' };
  },
  list_orders: () => [1, 2, 3].map((id) => ({ id, isOpen: id !== 2 })),
  photo: () => 'data:image/png;base64,iVBORw0KGgo=',
  slow: (input: unknown) => delay((input as { readonly ms: number }).ms, 'done', { ref: false }),
};

const DEFINITIONS = Object.keys(TOOLS).map((name) => ({ name, description: '' }));

function textOf(item: OutputItem): string {
  if (item.type === 'input_text') return item.text;
  if (item.type === 'input_image') return `[image ${item.image_url}, ${item.detail}]`;
  return `[audio ${item.audio_url}]`;
}

describe('The programs on the page about globals', { timeout: 60_000 }, () => {
  const sandbox = isolateSandbox();
  const shown = shownOn(PAGE);
  let project: ReaderProject;
  before(() => {
    project = new ReaderProject();
  });
  after(async () => {
    project[Symbol.dispose]();
    await sandbox.close();
  });

  /** Compiles programs as the page tells to. */
  function problemsOf(programs: readonly Block[], types: readonly string[] = []): string {
    const [config] = blocksOf(PAGE).filter(({ info }) => info === 'json');
    const { compilerOptions } = JSON.parse(config?.code ?? '') as {
      compilerOptions: { readonly types: readonly string[] };
    };
    const sources = programs.map(
      ({ line, code }) => [`cell.${line}.js`, '\n'.repeat(line - 1) + code] as const,
    );
    return project.problemsOf(new Map(sources), {
      ...compilerOptions,
      types: [...compilerOptions.types, ...types],
    });
  }

  for (const { program, output } of shown) {
    it(`show what the page says, on line ${program.line}`, async () => {
      const globals = program.info === 'js web' ? 'web' : 'standard';
      const setup = { onTool: TOOLS, options: { tools: DEFINITIONS, globals } } as const;
      await using session = recordedSession(sandbox, setup).session;
      const end = await session.run(program.code);
      assert.equal(end.type === 'completed' && end.failure, null);
      const items: readonly OutputItem[] = end.items;
      assert.equal(items.map(textOf).join('\n'), output);
    });
  }

  it('pass a type check with the settings on the page', () => {
    assert.ok(shown.length >= 8, String(shown.length));
    const programs = Map.groupBy(
      shown.map(({ program }) => program),
      ({ info }) => info,
    );
    assert.equal(problemsOf(programs.get('js') ?? []), '');
    assert.equal(problemsOf(programs.get('js web') ?? [], ['cellhost/guest/web']), '');
  });

  it('would be reported if they were wrong', () => {
    assert.match(
      problemsOf([{ info: 'js', line: 7, code: 'texts(1);' }]),
      /cell\.7\.js\(7,1\): error TS2552/,
    );
  });

  it('use every global that is always there', () => {
    const all = shown.map(({ program }) => program.code).join('\n');
    const names = [...read('guest/guest.d.ts').matchAll(/^declare (?:const|function) (\w+)/gm)];
    for (const [, name = ''] of names) assert.match(all, new RegExp(`\\b${name}\\b`), name);
  });
});

describe('The page about cells', () => {
  it('says how many tokens the descriptions take', () => {
    const tokens = Object.values(describeRuntime()).map((tool) =>
      countTokens(JSON.stringify(tool)),
    );
    const [exec, wait, cells] = tokens;
    const said = `take ${exec} tokens for \`exec\`, ${wait} for \`wait\` and ${cells} for \`cells\``;
    assert.ok(read('docs/cells.md').includes(said), said);
  });
});
