import { type Comment, Parser, type Program, type VariableDeclaration } from 'acorn';
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
 * @param check Supplies the text of a syntax error; not called for source that parses.
 */
export function prepareModule(
  source: string,
  check: SyntaxCheck,
): ModuleBody | { readonly ok: false; readonly failure: CellFailure } {
  const parsed = tryParse(source, check);
  if (parsed.ok) return toBody(source, parsed, check);
  // Stripping takes time quadratic in the depth, with or without types.
  if (parsed.message === TOO_DEEP.message) return syntaxFailure(parsed);
  const stripped = stripTypes(source);
  if (stripped.ok) {
    const again = tryParse(stripped.code, check);
    if (again.ok) return toBody(stripped.code, again, check);
    return syntaxFailure(check(stripped.code) ?? again);
  }
  const found = check(source) ?? parsed;
  if (stripped.unsupported || isBehind(stripped, found)) return syntaxFailure(stripped);
  return syntaxFailure(found);
}

type Wrong = Position & { readonly message: string };

type Parsed =
  | { readonly ok: true; readonly program: Program; readonly comments: readonly Comment[] }
  | ({ readonly ok: false } & Wrong);

/** What acorn does not declare of its parser. */
interface Declarations {
  /** @param mayLack Whether a constant may lack its value, as in an ambient declaration. */
  parseVar(
    node: VariableDeclaration,
    isFor: boolean,
    kind: VariableDeclaration['kind'],
    mayLack?: boolean,
  ): VariableDeclaration;
  raise(at: number, message: string): never;
}

/** acorn takes `const a` for the head of a loop where the next word is `of`, in a line of its own too. */
const ModuleParser = Parser.extend(
  (Base) =>
    class extends (Base as unknown as new (...args: never[]) => Declarations) {
      override parseVar(...args: Parameters<Declarations['parseVar']>): VariableDeclaration {
        const parsed = super.parseVar(...args);
        const [, isFor, kind, mayLack] = args;
        if (isFor || mayLack || kind === 'var' || kind === 'let') return parsed;
        const lacking = parsed.declarations.find(({ init }) => !init);
        if (lacking) this.raise(lacking.end, `Missing initializer in ${kind} declaration`);
        return parsed;
      }
    } as unknown as typeof Parser,
);

/** Skips the checks that take time quadratic in the source; V8 has already made them. */
const QuickParser = Parser.extend(
  (Base) =>
    class extends (Base as unknown as new (...args: never[]) => object) {
      declareName(): void {}
      checkLocalExport(): void {}
    } as unknown as typeof Parser,
);

function tryParse(source: string, check: SyntaxCheck): Parsed {
  const long = source.length > LONG_SOURCE;
  const wrong = long ? check(source) : null;
  if (wrong !== null) return { ok: false, ...wrong };
  if (long && !needsEdits(source)) return { ok: true, program: EMPTY_PROGRAM, comments: [] };
  const comments: Comment[] = [];
  try {
    const parser = long ? QuickParser : ModuleParser;
    const program = parser.parse(source, {
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

const LONG_SOURCE = 16_384;
const EMPTY_PROGRAM = Parser.parse('', { ecmaVersion: 'latest', sourceType: 'module' });

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
