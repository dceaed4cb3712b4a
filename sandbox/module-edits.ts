import type { Comment, Identifier, ImportExpression, MetaProperty, Node, Program } from 'acorn';
import { ancestor } from 'acorn-walk';

/** A module's source made fit for the inside of an async function. */
export interface EditedModule {
  readonly body: string;
  /** Name the body knows `import.meta` by. */
  readonly metaName: string;
  /** Name the body knows `import()` by. */
  readonly loadName: string;
  /** What the module imports first; null where it imports nothing. */
  readonly imports: string | null;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Rewrites what only a module may say: exports lose their keyword, `import.meta`, `import()` and a
 * top-level `arguments` become names, comments that would rename the file lose their mark.
 *
 * Everything else stays at its line and column.
 *
 * @throws RangeError where the source is nested too deeply to be walked.
 */
export function moduleEdits(
  source: string,
  program: Program,
  comments: readonly Comment[],
): EditedModule {
  const metaName = unusedName(source, 'import.meta'.length);
  const loadName = unusedName(source, 'import'.length);
  const edits = comments.flatMap(directiveEdit);
  let imports: string | null = null;
  if (/\b(?:import|export|arguments)\b/.test(source)) {
    for (const statement of program.body) {
      imports ??= specifierOf(statement);
      edits.push(...exportEdits(source, statement));
    }
    edits.push(...expressionEdits(source, program, metaName, loadName));
  }
  return { body: apply(source, edits), metaName, loadName, imports };
}

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
  if (statement.type === 'ExportNamedDeclaration') {
    return [blank(source, statement.start, statement.declaration?.start ?? statement.end)];
  }
  if (statement.type !== 'ExportDefaultDeclaration') return [];
  const { declaration } = statement;
  const prefix = blank(source, statement.start, declaration.start);
  if ('id' in declaration && declaration.id && declaration.type.endsWith('Declaration')) {
    return [prefix];
  }
  return [
    { ...prefix, text: `${prefix.text.slice(0, -'void('.length)}void(` },
    { start: declaration.end, end: declaration.end, text: ');' },
  ];
}

function expressionEdits(
  source: string,
  program: Program,
  metaName: string,
  loadName: string,
): Edit[] {
  const edits: Edit[] = [];
  const replace = ({ start, end }: Node, name: string) =>
    edits.push({ start, end, text: name.padEnd(end - start) });
  ancestor(program, {
    MetaProperty(node: MetaProperty) {
      if (node.meta.name === 'import') replace(node, metaName);
    },
    ImportExpression({ start }: ImportExpression) {
      edits.push({ start, end: start + 'import'.length, text: loadName });
    },
    Identifier(node: Identifier, _state: unknown, ancestors: Node[]) {
      if (node.name === 'arguments' && !ancestors.some(hasOwnArguments)) {
        replace(node, unusedName(source, 'arguments'.length));
      }
    },
  });
  return edits;
}

function hasOwnArguments({ type }: Node): boolean {
  return type === 'FunctionDeclaration' || type === 'FunctionExpression';
}

function blank(source: string, start: number, end: number): Edit {
  return { start, end, text: source.slice(start, end).replace(/[^\n\r\u2028\u2029]/g, ' ') };
}

/** An identifier of that length that occurs nowhere in the source. */
function unusedName(source: string, length: number): string {
  for (let number = 0; ; number += 1) {
    const name = `$${number.toString(36)}`.padEnd(length, '$');
    if (!source.includes(name)) return name;
  }
}

function apply(source: string, edits: readonly Edit[]): string {
  let body = '';
  let from = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    body += source.slice(from, start) + text;
    from = end;
  }
  return body + source.slice(from);
}
