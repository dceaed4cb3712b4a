import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reports } from './figures.ts';

/** What a document is made from, by the names of the files it is kept in. */
export type ResultKind = keyof Reports;

/** Where pictures and results lie, beside the document. */
export const FOLDER = 'benchmarks';

/** Keeps a result for the documents to come, in place of the one of its kind that is there. */
export function keepResult(docs: string, kind: ResultKind, result: object): void {
  mkdirSync(join(docs, FOLDER), { recursive: true });
  writeFileSync(fileOf(docs, kind), `${JSON.stringify(result, null, 2)}\n`);
}

/** The results that are kept. */
export function keptResults(docs: string): Reports {
  const read = (kind: ResultKind) => {
    const file = fileOf(docs, kind);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  };
  return { bench: read('bench'), peers: read('peers'), soak: read('soak'), hosts: read('hosts') };
}

function fileOf(docs: string, kind: ResultKind): string {
  return join(docs, FOLDER, `${kind}.json`);
}
