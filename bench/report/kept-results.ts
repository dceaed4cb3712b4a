import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reports } from './figures.ts';

/** The files of the results that documents are made from. */
export type ResultKind = keyof Reports;

/** The folder of pictures and results, beside the document. */
export const FOLDER = 'benchmarks';

/** Keeps a result for later documents. Replaces the previous one of its kind. */
export function keepResult(docs: string, kind: ResultKind, result: object): void {
  mkdirSync(join(docs, FOLDER), { recursive: true });
  writeFileSync(fileOf(docs, kind), `${JSON.stringify(result, null, 2)}\n`);
}

/** The kept results. */
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
