import type { CellFailure } from '../../src/events.ts';
import { type HiddenNames, hiddenNames } from './hidden-names.ts';
import { type SourceError, stripTypes, TOO_DEEP } from './strip-types.ts';

/** A program as the body of an async arrow function, with every character at its line and column. */
export interface ModuleBody extends HiddenNames {
  readonly ok: true;
  readonly body: string;
}

/** V8's syntax error for a source; null if there is none. */
export type SyntaxCheck = (source: string) => SourceError | null;

const FILE = 'exec_main.mjs';

/**
 * Turns the source of an ES module into the body of an async function with the same meaning.
 *
 * Source that is not JavaScript is read as TypeScript with erasable types.
 *
 * V8 says whether it parses, which takes it a tenth of the time of a parser in JavaScript that has not run
 * often. That one reads only what may have to be rewritten.
 *
 * @param source `editorFor` said that it can be prepared.
 * @param check Asks V8.
 */
export function prepareModule(
  source: string,
  check: SyntaxCheck,
): ModuleBody | { readonly ok: false; readonly failure: CellFailure } {
  const parsed = parse(source, check);
  if (parsed.ok) return toBody(parsed);
  // Stripping takes time quadratic in the depth, with or without types.
  if (parsed.message === TOO_DEEP) return syntaxFailure(parsed);
  const stripped = stripTypes(source);
  if (stripped.ok) {
    const again = parse(stripped.code, check);
    return again.ok ? toBody(again) : syntaxFailure(again);
  }
  if (stripped.unsupported || isBehind(stripped, parsed)) return syntaxFailure(stripped);
  return syntaxFailure(parsed);
}

type Parsed =
  | {
      readonly ok: true;
      readonly names: HiddenNames;
      readonly body: string;
      readonly imports: string | null;
    }
  | (SourceError & { readonly ok: false });

function parse(source: string, check: SyntaxCheck): Parsed {
  const wrong = check(source);
  if (wrong !== null) return { ok: false, ...wrong };
  const names = hiddenNames(source);
  if (!needsEdits(source)) return { ok: true, names, body: source, imports: null };
  if (editor === null) throw new Error('The editor of modules is not loaded');
  try {
    const edited = editor.editModule(source, names);
    return edited.ok ? { ...edited, names } : edited;
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, message: TOO_DEEP, line: 1, column: 1 };
    throw error;
  }
}

/** Whether a source may contain anything that must be rewritten. An escaped letter may be part of a word. */
function needsEdits(source: string): boolean {
  return /import|export|this|\\u|^#!|sourceURL|sourceMappingURL/.test(source);
}

type Editor = typeof import('./module-edits.ts');
let editor: Editor | null = null;
let loading: Promise<void> | null = null;

/** Resolves when `prepareModule` can be called with this source; null if it can be now. */
export function editorFor(source: string): Promise<void> | null {
  return editor === null && needsEdits(source) ? loadEditor() : null;
}

/** Loads what few programs need, and what would make the start of a process longer. Null if it is loaded. */
export function loadEditor(): Promise<void> | null {
  if (editor !== null) return null;
  loading ??= import('./module-edits.ts')
    .then((loaded) => {
      editor = loaded;
    })
    .finally(() => {
      loading = null;
    });
  return loading;
}

function isBehind(a: SourceError, b: SourceError): boolean {
  return a.line > b.line || (a.line === b.line && a.column > b.column);
}

/** The failure of a cell whose source does not parse. */
export function syntaxFailure({ message, line, column }: SourceError) {
  const text = `SyntaxError: ${message}\n    at ${FILE}:${line}:${column}`;
  return { ok: false, failure: { kind: 'syntax', text, line, column } } as const;
}

function toBody({ names, body, imports }: Extract<Parsed, { ok: true }>) {
  if (imports === null) return { ok: true, body, ...names } as const;
  const text = `Unsupported import in exec: ${imports}`;
  return { ok: false, failure: { kind: 'syntax', text } } as const;
}
