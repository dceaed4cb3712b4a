import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Declared, readDeclarations } from '../../reference/declarations.ts';
import { ENTRIES } from '../../reference/entries.ts';
import { renderPage } from '../../reference/page.ts';
import { FOLDER, referencePages } from '../../reference/pages.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe('The API reference', { timeout: 60_000 }, () => {
  let pages: ReadonlyMap<string, string>;
  before(() => {
    pages = referencePages();
  });

  it('is the one in the documentation; otherwise run `npm run docs:api`', () => {
    assert.deepEqual(readdirSync(join(ROOT, FOLDER)).sort(), [...pages.keys()].sort());
    for (const [name, text] of pages) {
      assert.equal(readFileSync(join(ROOT, FOLDER, name), 'utf8'), text, name);
    }
  });

  it('has a page for each entry point of the package', () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const { './package.json': own, ...entries } = exports;
    assert.equal(own, './package.json');
    // The globals of cells have a page of their own.
    const importable = Object.entries<{ readonly types: string }>(entries).filter(
      ([, { types }]) => !types.startsWith('./guest/'),
    );
    const published = importable.map(([name, { types }]) => [
      name.replace('.', 'cellhost'),
      types.replace('./dist/', '').replace('.d.ts', '.ts'),
    ]);
    assert.deepEqual(ENTRIES.map(({ name, source }) => [name, source]).sort(), published.sort());
  });

  it('leaves out what readers cannot use', () => {
    const all = [...pages.values()].join('\n');
    assert.doesNotMatch(all, /#private|@internal|ActiveSessionParts|\bprivate \w+;/);
    assert.match(all, /^### openSession$/m);
    assert.match(all, /^### SessionRuntime$/m);
  });

  it('has every type that a public signature names under a name to import it by', () => {
    const sources = ENTRIES.map(({ source }) => source);
    const hidden = [...readDeclarations(sources)].flatMap(([entry, declared]) =>
      declared.hidden.map(({ name }) => `${entry}: ${name}`),
    );
    assert.deepEqual(hidden, []);
  });

  it('would report a type that nobody can import', () => {
    const entry = 'sandbox/open-session.ts';
    const { hidden } = readDeclarations([entry]).get(entry)!;
    const names = hidden.map(({ name }) => name);
    for (const name of ['SessionRuntime', 'ToolHandlers', 'Sandbox'])
      assert.ok(names.includes(name), name);
  });

  it('keeps the comments of members', () => {
    const page = pages.get('cellhost.md') ?? '';
    assert.match(page, /\/\*\* Another caller observes the cell\. \*\/\s+\| 'cell_busy'/);
    assert.match(
      page,
      /\/\*\* Run time of a cell from its start, .*\n {2}readonly maxRunMs: number;/,
    );
  });
});

describe('renderPage', () => {
  const entry = { name: 'p', source: 'p.ts', page: 'p.md', about: 'About.' };
  const declared = (name: string, fields: Partial<Declared> = {}): Declared => {
    return { name, kind: 'type', comment: '', code: `type ${name} = 1;`, uses: [], ...fields };
  };

  it('links to this page first, then to others, and to nothing unknown', () => {
    const exported = [declared('A', { uses: ['B', 'C', 'D'] }), declared('B')];
    const pageOf = new Map([
      ['B', 'other.md'],
      ['C', 'other.md'],
    ]);
    const text = renderPage(entry, { exported, hidden: [] }, pageOf);
    assert.match(text, /^See also \[`B`\]\(#b\), \[`C`\]\(other\.md#c\)\.$/m);
  });

  it('turns tags into a list', () => {
    const comment =
      'Adds.\n\n@param a One,\nor two.\n@returns The sum.\n@throws `invalid_argument`.';
    const text = renderPage(
      entry,
      { exported: [declared('add', { kind: 'function', comment })], hidden: [] },
      new Map(),
    );
    assert.match(
      text,
      /^Adds\.\n\n- `a`: One, or two\.\n- Returns: The sum\.\n- Throws: `invalid/m,
    );
  });

  it('groups declarations by kind', () => {
    const exported = [declared('T'), declared('F', { kind: 'function' })];
    const hidden = [declared('H')];
    const headings = renderPage(entry, { exported, hidden }, new Map()).match(/^#.*/gm);
    assert.deepEqual(headings, [
      '# `p`',
      '## Functions',
      '### F',
      '## Types',
      '### T',
      '## Types without an export',
      '### H',
    ]);
  });
});
