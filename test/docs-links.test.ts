import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, it } from 'node:test';
import { GENERATED_PAGES, namesIn, PAGES, type Page, ROOT, read } from './support/doc-pages.ts';

function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, 'code');
}

/** The anchor that GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(text: string): readonly string[] {
  const plain = text.replaceAll(/^```.*?^```$/gms, '');
  return [...plain.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** The files that a page links to, as the page writes them and from the root. */
function linksOf({
  path,
  text,
}: Page): readonly { target: string; place: string; anchor?: string }[] {
  const links = withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g);
  return [...links].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const place = file === '' ? path : posix.join(posix.dirname(path), file);
    return [{ target, place, ...(anchor === undefined ? {} : { anchor }) }];
  });
}

/** Relative links that lead nowhere. */
function brokenLinks(page: Page): readonly string[] {
  return linksOf(page)
    .filter(({ place, anchor }) => {
      if (place !== page.path && !existsSync(join(ROOT, place))) return true;
      const found = place === page.path ? page.text : anchor === undefined ? '' : read(place);
      return anchor !== undefined && !anchorsOf(found).includes(anchor);
    })
    .map(({ target }) => `${page.path}: ${target}`);
}

/** Links of the packed pages that lead out of the package. */
function linksOutside(packed: ReadonlySet<string>, pages: readonly Page[]): readonly string[] {
  return pages
    .filter(({ path }) => packed.has(path))
    .flatMap((page) =>
      linksOf(page)
        .filter(({ place }) => !packed.has(place))
        .map(({ target }) => `${page.path}: ${target}`),
    );
}

/** The files that the package will have, without those that a build makes. */
function packedFiles(): ReadonlySet<string> {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['pack', '--dry-run', '--json', '--ignore-scripts', '--offline'],
    { cwd: ROOT, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const packs: unknown = JSON.parse(stdout);
  const [pack] = Object.values(packs as Record<string, { files: readonly { path: string }[] }>);
  return new Set(pack?.files.map(({ path }) => path));
}

describe('The links of the documentation', () => {
  it('lead to files and headings that exist', () => {
    assert.deepEqual([...PAGES, ...GENERATED_PAGES].flatMap(brokenLinks), []);
  });

  it('would be caught if they did not', () => {
    const text = '# One two\n[a](#one-two) [b](#three) [c](nowhere.md) [d](README.md#not-there)';
    assert.deepEqual(brokenLinks({ path: 'planted.md', text }), [
      'planted.md: #three',
      'planted.md: nowhere.md',
      'planted.md: README.md#not-there',
    ]);
  });

  it('lead to files of the package, on each page of the package', () => {
    const packed = packedFiles();
    const pages = [...PAGES, ...GENERATED_PAGES];
    assert.deepEqual(
      pages.map(({ path }) => path).filter((path) => !packed.has(path)),
      [],
    );
    assert.deepEqual(linksOutside(packed, pages), []);
    const text = '[a](README.md) [b](src/index.ts) [c](docs/start.md)';
    const planted = { path: 'README.md', text };
    assert.deepEqual(linksOutside(packed, [planted]), ['README.md: src/index.ts']);
  });

  it('reach every page from the table of contents', () => {
    const contents = read('docs/README.md');
    const pages = [...namesIn('docs', '.md'), ...GENERATED_PAGES.map(({ path }) => path.slice(5))];
    const lost = pages.filter((name) => name !== 'README.md' && !contents.includes(`(${name})`));
    assert.deepEqual(lost, []);
  });

  it('name files of this project that exist', () => {
    const rooms = /`((?:bench|bin|docs|examples|host|sandbox|src|test)\/[\w./-]*)`/g;
    const lost = PAGES.flatMap(({ path, text }) =>
      [...text.matchAll(rooms)]
        .filter(([, named = '']) => !existsSync(join(ROOT, named)))
        .map(([, named]) => `${path}: ${named}`),
    );
    assert.deepEqual(lost, []);
  });

  it('lead from comments to pages that exist', () => {
    const sources = ['src', 'sandbox', 'host'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => `${folder}/${name}`),
    );
    const broken = sources.flatMap((path) =>
      [...read(path).matchAll(/\bdocs\/[\w-]+\.md\b/g)]
        .filter(([page]) => !existsSync(join(ROOT, page)))
        .map(([page]) => `${path}: ${page}`),
    );
    assert.deepEqual(broken, []);
  });
});
