import type { CellFailure } from '../../src/events.ts';
import type { Program } from '../../src/sandbox.ts';

const MISSING_NAME = /^ReferenceError: ([A-Za-z]+) is not defined/;
/** The wording of V8 and of the TypeScript parser. */
const RETURN = /^SyntaxError: (?:Illegal return statement|Return statement is not allowed here)/;
const NOT_ERASABLE = /TypeScript .+ is not supported in strip-only mode/;

/** What to use instead of names that models take for granted. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['fetch', 'cells have no network; call a tool'],
  ['XMLHttpRequest', 'cells have no network; call a tool'],
  ['require', 'cells have no modules; call a tool'],
  ['process', 'cells do not run in Node.js; call a tool'],
  ['Buffer', 'cells do not run in Node.js; use Uint8Array'],
  ['window', 'cells do not run in a browser; use globalThis'],
  ['document', 'cells do not run in a browser; call a tool'],
  ['console', 'show values with text(value)'],
]);

/**
 * Adds one line to a failure that models often cause: what to write instead.
 *
 * Other failures stay unchanged, and so do all failures of programs with `toolErrors: 'string'`.
 */
export function withRepairHint(failure: CellFailure | null, program: Program): CellFailure | null {
  if (failure === null || program.toolErrors === 'string') return failure;
  const hint = hintFor(failure, program.source);
  return hint === null ? failure : { ...failure, text: `${failure.text}\nHint: ${hint}` };
}

function hintFor({ kind, text, line, column }: CellFailure, source: string): string | null {
  if (kind !== 'exception' && kind !== 'syntax') return null;
  // To JavaScript, a fence is a tagged template, so it can also fail at run time.
  if (/^\s*```/.test(source)) return 'send the program alone, without code fences';
  if (kind === 'exception') return INSTEAD.get(MISSING_NAME.exec(text)?.[1] ?? '') ?? null;
  if (RETURN.test(text)) {
    return 'a cell is a module; show its result with text(value), and end it early with exit()';
  }
  if (text.startsWith('Unsupported import')) return 'cells have no modules; call a tool';
  if (NOT_ERASABLE.test(text)) {
    return 'cells run TypeScript whose types can be erased; write const objects instead of enums and namespaces, and assign fields in constructors';
  }
  if (line === undefined || column === undefined) return null;
  const isDecorator = source.split(/\r\n|[\n\r\u2028\u2029]/)[line - 1]?.[column - 1] === '@';
  return isDecorator ? 'cells have no decorators; call the function instead' : null;
}
