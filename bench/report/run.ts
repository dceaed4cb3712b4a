import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/errors.ts';
import type { Reports } from './figures.ts';
import { FOLDER, keepResult, keptResults, type ResultKind } from './kept-results.ts';
import { ownPictures } from './own-pictures.ts';
import { peerPictures } from './peer-pictures.ts';
import { draw } from './picture.ts';
import { fillIn } from './template.ts';

const USAGE = `Usage: node bench/report/run.ts [--bench FILE] [--peers FILE] [--soak FILE]
    [--hosts FILE] [--out DIR]
  Makes the documents from the results kept beside them, after storing these:
  --bench FILE  what \`npm run bench -- --json FILE\` wrote
  --peers FILE  what \`npm run bench:peers -- --json FILE\` wrote
  --soak FILE   what \`npm run bench -- --soak MINUTES --json FILE\` wrote
  --hosts FILE  what another client measured, ours as a, the Codex host as b, by line: { "a", "b", "a/b" }
  --out DIR     folder of benchmarks.md and of benchmarks/, which holds the rest (default: docs)`;

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));
const PAGE = new URL('benchmarks.template.md', import.meta.url);
const FULL = new URL('full.template.md', import.meta.url);
const KINDS: readonly ResultKind[] = ['bench', 'peers', 'soak', 'hosts'];

/** The page of answers, the page with all figures, and the pictures, by file name. */
export type Rendered = ReadonlyMap<string, string>;

/** Makes both documents and all pictures. The same reports give the same bytes. */
export function render(reports: Reports): Rendered {
  const pictures = [...ownPictures(reports), ...peerPictures(reports)];
  const filled = (template: URL, folder: string) =>
    fillIn(readFileSync(template, 'utf8'), reports, pictures, folder);
  return new Map([
    [`${FOLDER}.md`, filled(PAGE, FOLDER)],
    [join(FOLDER, 'full.md'), filled(FULL, '.')],
    ...pictures.map((each) => [join(FOLDER, `${each.name}.svg`), draw(each)] as const),
  ]);
}

/** Replaces the previous result of its kind, and makes the document from all kept results. */
export function renew(docs: string, kind: ResultKind, result: object): void {
  keepResult(docs, kind, result);
  write(docs);
}

/** @returns The exit code: 2 for invalid arguments. */
export function report(argv: readonly string[]): number {
  const options = optionsOf(argv);
  if (options === null) {
    console.error(USAGE);
    return 2;
  }
  for (const kind of KINDS) {
    const file = options[kind];
    if (file !== undefined) {
      keepResult(options.out, kind, JSON.parse(readFileSync(file, 'utf8')));
    }
  }
  write(options.out);
  return 0;
}

function write(docs: string): void {
  mkdirSync(join(docs, FOLDER), { recursive: true });
  for (const [file, text] of render(keptResults(docs))) {
    writeFileSync(join(docs, file), text);
    console.log(file);
  }
}

function optionsOf(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        bench: { type: 'string' },
        peers: { type: 'string' },
        soak: { type: 'string' },
        hosts: { type: 'string' },
        out: { type: 'string', default: DOCS },
      },
    });
    return values;
  } catch (error) {
    console.error(messageOf(error));
    return null;
  }
}

if (import.meta.main) process.exitCode = report(process.argv.slice(2));
