import {
  type Comment,
  type ImportExpression,
  type MetaProperty,
  type Node,
  Parser,
  type Program,
} from 'acorn';
import { ancestor } from 'acorn-walk';
import type { HiddenNames } from './hidden-names.ts';
import type { SourceError } from './strip-types.ts';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A module's source, rewritten for the body of an async function; or why it could not be read. */
export type EditedModule =
  | {
      readonly ok: true;
      readonly body: string;
      /** The first import of the module; null if there is none. */
      readonly imports: string | null;
    }
  | (SourceError & { readonly ok: false });

/**
 * Rewrites what is only allowed in a module: exports lose their keyword; `import.meta`, `import()` and
 * top-level `this` become names; comments that would rename the file lose their marker.
 *
 * Everything else keeps its line and column. Loads a parser, so few programs should wait for this module.
 *
 * @param source V8 can read it.
 * @throws RangeError if the source is nested too deeply.
 */
export function editModule(source: string, names: HiddenNames): EditedModule {
  const comments: Comment[] = [];
  let program: Program;
  try {
    program = QuickParser.parse(source, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      onComment: comments,
    });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { message, loc } = error as SyntaxError & { loc?: { line: number; column: number } };
    const text = message.replace(/ \(\d+:\d+\)$/, '');
    return { ok: false, message: text, line: loc?.line ?? 1, column: (loc?.column ?? 0) + 1 };
  }
  const edits = comments.flatMap(directiveEdit);
  if (source.startsWith('#!')) edits.push({ start: 0, end: 2, text: '//' });
  let imports: string | null = null;
  for (const statement of program.body) {
    imports ??= specifierOf(statement);
    edits.push(...exportEdits(source, statement));
  }
  edits.push(...expressionEdits(source, program, names));
  return { ok: true, body: apply(source, edits), imports };
}

/** Skips the checks that take time quadratic in the source; V8 has already made them. */
const QuickParser = Parser.extend(
  (Base) =>
    class extends (Base as unknown as new (...args: never[]) => object) {
      declareName(): void {}
      checkLocalExport(): void {}
    } as unknown as typeof Parser,
);

/** A `sourceURL` comment would put another file name into stacks. */
function directiveEdit({ value, start }: Comment): Edit[] {
  const match = /^\s*[#@](?=\s*source(?:Mapping)?URL)/.exec(value);
  if (match === null) return [];
  const at = start + 2 + match[0].length - 1;
  return [{ start: at, end: at + 1, text: ' ' }];
}

function specifierOf(statement: Program['body'][number]): string | null {
  switch (statement.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      return String(statement.source.value);
    case 'ExportNamedDeclaration':
      return statement.source ? String(statement.source.value) : null;
    default:
      return null;
  }
}

function exportEdits(source: string, statement: Program['body'][number]): Edit[] {
  const { start, end } = statement;
  if (statement.type === 'ExportNamedDeclaration') {
    if (statement.declaration) return [blank(source, start, start + 'export'.length)];
    return [blank(source, start, end, ';')];
  }
  if (statement.type !== 'ExportDefaultDeclaration') return [];
  const { declaration } = statement;
  EXPORT_DEFAULT.lastIndex = start;
  EXPORT_DEFAULT.test(source);
  const prefixEnd = EXPORT_DEFAULT.lastIndex;
  const declares = declaration.type.endsWith('Declaration');
  if (declares && 'id' in declaration && declaration.id) return [blank(source, start, prefixEnd)];
  // Whatever follows becomes an expression.
  const prefix = blank(source, start, prefixEnd, ';0,');
  return declares ? [prefix, { start: end, end, text: ';' }] : [prefix];
}

const EXPORT_DEFAULT = /export(?:\s|\/\*[\s\S]*?\*\/|\/\/.*)*default/y;

function expressionEdits(
  source: string,
  program: Program,
  { metaName, loadName, thisName }: HiddenNames,
): Edit[] {
  const edits: Edit[] = [];
  const replace = ({ start, end }: Node, name: string) =>
    edits.push({ start, end, text: renamed(source, start, end, name) });
  ancestor(program, {
    MetaProperty(node: MetaProperty) {
      if (node.meta.name === 'import') replace(node, metaName);
    },
    ImportExpression({ start }: ImportExpression) {
      edits.push({ start, end: start + 'import'.length, text: loadName });
    },
    ThisExpression(node: Node, _state: unknown, ancestors: Node[]) {
      if (!ancestors.some(hasOwnThis)) replace(node, thisName);
    },
  });
  return edits;
}

function hasOwnThis({ type }: Node): boolean {
  return (
    type === 'FunctionDeclaration' ||
    type === 'FunctionExpression' ||
    type === 'PropertyDefinition' ||
    type === 'StaticBlock'
  );
}

/** A name that replaces a piece of source, followed by the line breaks of that piece. */
function renamed(source: string, start: number, end: number, name: string): string {
  const piece = source.slice(start, end);
  const lineEnd = piece.search(/[\n\r\u2028\u2029]/);
  return lineEnd < 0 ? name.padEnd(piece.length) : name + blank(source, start + lineEnd, end).text;
}

function blank(source: string, start: number, end: number, first = ''): Edit {
  const rest = source.slice(start + first.length, end);
  return { start, end, text: first + rest.replace(/[^\n\r\u2028\u2029]/g, ' ') };
}

/** Drops edits inside other edits: they would bring back what the outer edit removes. */
function apply(source: string, edits: readonly Edit[]): string {
  let body = '';
  let from = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    if (start < from) continue;
    body += source.slice(from, start) + text;
    from = end;
  }
  return body + source.slice(from);
}
