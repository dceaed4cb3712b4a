import { type Comment, type Program, parse } from 'acorn';
import type { CellFailure } from '../src/events.ts';
import { moduleEdits } from './module-edits.ts';
import { stripTypes } from './strip-types.ts';

/** A program as the body of an async function, every character at its line and column. */
export interface ModuleBody {
  readonly ok: true;
  readonly body: string;
  /** Name the body knows `import.meta` by. */
  readonly metaName: string;
  /** Name the body knows `import()` by. */
  readonly loadName: string;
}

/** Tells what V8 thinks is wrong with a source; null where it finds nothing. Lines and columns count from 1. */
export type SyntaxCheck = (
  source: string,
) => { readonly message: string; readonly line: number; readonly column: number } | null;

const FILE = 'exec_main.mjs';
const TOO_DEEP = { message: 'The source is nested too deeply', line: 1, column: 1 };

/**
 * Turns the source of an ES module into the body of an async function that means the same.
 *
 * Source that is not JavaScript is read as TypeScript whose types can be left out.
 *
 * @param check Asked for the wording of a syntax error; not called for source that parses.
 */
export function prepareModule(
  source: string,
  check: SyntaxCheck,
): ModuleBody | { readonly ok: false; readonly failure: CellFailure } {
  const parsed = tryParse(source);
  if (parsed.ok) return toBody(source, parsed, check);
  const stripped = stripTypes(source);
  if (stripped.ok) {
    const again = tryParse(stripped.code);
    if (again.ok) return toBody(stripped.code, again, check);
    return syntaxFailure(check(stripped.code) ?? again);
  }
  const found = check(source) ?? parsed;
  if (stripped.unsupported || isBehind(stripped, found)) return syntaxFailure(stripped);
  return syntaxFailure(found);
}

type Parsed =
  | { readonly ok: true; readonly program: Program; readonly comments: readonly Comment[] }
  | {
      readonly ok: false;
      readonly message: string;
      readonly line: number;
      readonly column: number;
    };

function tryParse(source: string): Parsed {
  const comments: Comment[] = [];
  try {
    const program = parse(source, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      onComment: comments,
    });
    return { ok: true, program, comments };
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      return { ok: false, ...TOO_DEEP };
    }
    const { message, loc } = error as SyntaxError & { loc?: { line: number; column: number } };
    const text = message.replace(/ \(\d+:\d+\)$/, '');
    return { ok: false, message: text, line: loc?.line ?? 1, column: (loc?.column ?? 0) + 1 };
  }
}

interface Position {
  readonly line: number;
  readonly column: number;
}

function isBehind(a: Position, b: Position): boolean {
  return a.line > b.line || (a.line === b.line && a.column > b.column);
}

function syntaxFailure({ message, line, column }: Position & { readonly message: string }) {
  const text = `SyntaxError: ${message}\n    at ${FILE}:${line}:${column}`;
  return { ok: false, failure: { kind: 'syntax', text, line, column } } as const;
}

function toBody(
  source: string,
  { program, comments }: Extract<Parsed, { ok: true }>,
  check: SyntaxCheck,
): ReturnType<typeof prepareModule> {
  const htmlComment = /<!--|-->/.test(source) ? check(source) : null;
  if (htmlComment !== null) return syntaxFailure(htmlComment);
  try {
    const edited = moduleEdits(source, program, comments);
    if (edited.imports === null) return { ok: true, ...edited };
    const text = `Unsupported import in exec: ${edited.imports}`;
    return { ok: false, failure: { kind: 'syntax', text } };
  } catch (error) {
    if (error instanceof RangeError) return syntaxFailure(TOO_DEEP);
    throw error;
  }
}
