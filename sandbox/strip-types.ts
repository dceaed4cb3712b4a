import { stripTypeScriptTypes } from 'node:module';

/** Source without its types, or what is wrong with it. Lines and columns count from 1. */
export type Stripped =
  | { readonly ok: true; readonly code: string }
  | {
      readonly ok: false;
      /** Whether it is TypeScript, but of a kind that is not only types, such as an enum. */
      readonly unsupported: boolean;
      readonly message: string;
      readonly line: number;
      readonly column: number;
    };

/** Takes the types out of TypeScript; what remains stays at its line and column. */
export function stripTypes(source: string): Stripped {
  try {
    return { ok: true, code: stripTypeScriptTypes(source) };
  } catch (error) {
    const { message, stack, code } = error as NodeJS.ErrnoException;
    const unsupported = code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX';
    return { ok: false, unsupported, message, ...positionIn(stack ?? '') };
  }
}

/** The stack begins with the line number, the source around it, and carets under the place. */
function positionIn(stack: string): { line: number; column: number } {
  const line = /^[^\n]*:(\d+)\n/.exec(stack);
  const carets = /^( *)\^/m.exec(stack);
  return { line: Number(line?.[1] ?? 1), column: (carets?.[1]?.length ?? 0) + 1 };
}
