import { createRequire } from 'node:module';
import type { Options, TransformOutput } from '@swc/wasm-typescript';

/** Why and where source cannot be read. Lines and columns count from 1. */
export interface SourceError {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** Source without its types, or its error. */
export type Stripped =
  | { readonly ok: true; readonly code: string }
  | (SourceError & {
      readonly ok: false;
      /** Whether it is TypeScript that cannot be erased, such as an enum. */
      readonly unsupported: boolean;
    });

interface Stripper {
  transformSync(source: string, options: Options): TransformOutput;
}

interface Complaint {
  readonly code: 'UnsupportedSyntax' | 'InvalidSyntax';
  readonly message: string;
  readonly startLine: number;
  readonly startColumn: number;
}

/** The message for source that is nested more deeply than a parser can follow. */
export const TOO_DEEP = 'The source is nested too deeply';

const require = createRequire(import.meta.url);
const PACKAGE = '@swc/wasm-typescript';
let stripper: Stripper | null = null;

/** Erases the types of TypeScript; the rest keeps its line and column. Never throws. */
export function stripTypes(source: string): Stripped {
  const result = strip(source);
  if (typeof result === 'string') return { ok: true, code: result };
  // Its columns count terminal cells: a tab is several, and some letters are two. So parse again,
  // with each character replaced by one that takes one cell.
  const plain = strip(
    source.replaceAll(/[\t\u0080-\uffff]/g, (unit) => (unit === '\t' ? ' ' : 'a')),
  );
  const { startLine, startColumn } = typeof plain === 'string' ? result : plain;
  return {
    ok: false,
    unsupported: result.code === 'UnsupportedSyntax',
    message: result.message,
    line: startLine,
    column: startColumn + 1,
  };
}

function strip(source: string): string | Complaint {
  stripper ??= require(PACKAGE) as Stripper;
  try {
    return stripper.transformSync(source, { mode: 'strip-only', module: true }).code;
  } catch (error) {
    if (isComplaint(error)) return error;
    // Source that is nested too deeply corrupts the module's memory.
    delete require.cache[require.resolve(PACKAGE)];
    stripper = null;
    return { code: 'InvalidSyntax', message: TOO_DEEP, startLine: 1, startColumn: 0 };
  }
}

function isComplaint(error: unknown): error is Complaint {
  return typeof error === 'object' && error !== null && 'startLine' in error;
}
