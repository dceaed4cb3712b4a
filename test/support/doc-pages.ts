import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the project. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A page of the documentation. */
export interface Page {
  /** Path from the root. */
  readonly path: string;
  readonly text: string;
}

/** The pages that people write. */
export const PAGES: readonly Page[] = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'examples/README.md',
  ...namesIn('docs', '.md').map((name) => `docs/${name}`),
].map((path) => ({ path, text: read(path) }));

/** Pages made of declarations, which are not programs by themselves. */
export const GENERATED_PAGES: readonly Page[] = namesIn('docs/api', '.md')
  .map((name) => `docs/api/${name}`)
  .map((path) => ({ path, text: read(path) }));

/** @param path From the root. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The files of a folder, sorted. */
export function namesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(ending))
    .sort();
}

/** A block of code on a page. */
export interface Block {
  /** What follows the three backticks. */
  readonly info: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

/** The blocks of code on a page, in their order. */
export function blocksOf({ text }: Page): readonly Block[] {
  const fences = text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms);
  return [...fences].map(({ index, 1: info = '', 2: code = '' }) => ({
    info,
    line: text.slice(0, index).split('\n').length + 1,
    code,
  }));
}
