import { type Comment, Parser, type Program } from 'acorn';
import type { CellFailure } from '../../src/events.ts';
import { moduleEdits, needsEdits } from './module-edits.ts';
import { stripTypes } from './strip-types.ts';

/** A program as the body of an async arrow function, with every character at its line and column. */
export interface ModuleBody {
  readonly ok: true;
  readonly body: string;
  /** The name of `import.meta` in the body. */
  readonly metaName: string;
  /** The name of `import()` in the body. */
  readonly loadName: string;
  /** The name of the top-level `this` in the body. */
  readonly thisName: string;
}

/** V8's syntax error for a source; null if there is none. Lines and columns count from 1. */
export type SyntaxCheck = (
  source: string,
) => { readonly message: string; readonly line: number; readonly column: number } | null;

const FILE = 'exec_main.mjs';
const TOO_DEEP = { message: 'The source is nested too deeply', line: 1, column: 1 };

/**
 * Turns the source of an ES module into the body of an async function with the same meaning.
 *
 * Source that is not JavaScript is read as TypeScript with erasable types.
 *
 * V8 says whether it parses, which takes it a tenth of the time of our parser when that has not run often.
 * Our parser reads only what may have to be rewritten.
 *
 * @param check Asks V8.
 */
export function prepareModule(
  source: string,
  check: SyntaxCheck,
): ModuleBody | { readonly ok: false; readonly failure: CellFailure } {
  const parsed = tryParse(source, check);
  if (parsed.ok) return toBody(source, parsed);
  // Stripping takes time quadratic in the depth, with or without types.
  if (parsed.message === TOO_DEEP.message) return syntaxFailure(parsed);
  const stripped = stripTypes(source);
  if (stripped.ok) {
    const again = tryParse(stripped.code, check);
    return again.ok ? toBody(stripped.code, again) : syntaxFailure(again);
  }
  if (stripped.unsupported || isBehind(stripped, parsed)) return syntaxFailure(stripped);
  return syntaxFailure(parsed);
}

type Wrong = Position & { readonly message: string };

type Parsed =
  | { readonly ok: true; readonly program: Program | null; readonly comments: readonly Comment[] }
  | ({ readonly ok: false } & Wrong);

/** Skips the checks that take time quadratic in the source; V8 has already made them. */
const QuickParser = Parser.extend(
  (Base) =>
    class extends (Base as unknown as new (...args: never[]) => object) {
      declareName(): void {}
      checkLocalExport(): void {}
    } as unknown as typeof Parser,
);

function tryParse(source: string, check: SyntaxCheck): Parsed {
  const wrong = check(source);
  if (wrong !== null) return { ok: false, ...wrong };
  if (!needsEdits(source)) return { ok: true, program: null, comments: [] };
  const comments: Comment[] = [];
  try {
    const program = QuickParser.parse(source, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      onComment: comments,
    });
    return { ok: true, program, comments };
  } catch (error) {
    if (!(error instanceof SyntaxError)) return { ok: false, ...TOO_DEEP };
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

/** The failure of a cell whose source does not parse. */
export function syntaxFailure({ message, line, column }: Wrong) {
  const text = `SyntaxError: ${message}\n    at ${FILE}:${line}:${column}`;
  return { ok: false, failure: { kind: 'syntax', text, line, column } } as const;
}

function toBody(
  source: string,
  { program, comments }: Extract<Parsed, { ok: true }>,
): ReturnType<typeof prepareModule> {
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
