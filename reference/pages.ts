import { readDeclarations } from './declarations.ts';
import { ENTRIES } from './entries.ts';
import { renderPage } from './page.ts';

/** The folder of the pages, from the root of the project. */
export const FOLDER = 'docs/api';

/** The API reference: the text of each page, by its name. */
export function referencePages(): ReadonlyMap<string, string> {
  const declarations = readDeclarations(ENTRIES.map(({ source }) => source));
  const pageOf = new Map(
    ENTRIES.toReversed().flatMap(({ source, page }) =>
      declarations.get(source)!.exported.map(({ name }) => [name, page] as const),
    ),
  );
  return new Map(
    ENTRIES.map((entry) => [
      entry.page,
      renderPage(entry, declarations.get(entry.source)!, pageOf),
    ]),
  );
}
