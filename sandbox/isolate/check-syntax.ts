import type ivm from 'isolated-vm';
import { messageOf } from '../../src/errors.ts';
import type { SyntaxCheck } from '../source/module-source.ts';
import { type SourceError, TOO_DEEP } from '../source/strip-types.ts';

/** Lets V8 read modules in this isolate, which runs nothing of them. Nobody may be inside. */
export function syntaxCheckIn(isolate: ivm.Isolate): SyntaxCheck {
  return (source) => {
    try {
      isolate.compileModuleSync(source, { filename: 'exec_main.mjs' }).release();
      return null;
    } catch (error) {
      // Whoever enters it next is told so.
      return isolate.isDisposed ? null : described(error);
    }
  };
}

function described(error: unknown): SourceError {
  const text = messageOf(error);
  const place = / \[[^\]]*:(\d+):(\d+)\]$/.exec(text);
  const message = place === null ? text : text.slice(0, place.index);
  const known = {
    line: Math.max(1, Number(place?.[1] ?? 1)),
    column: Math.max(1, Number(place?.[2] ?? 1)),
  };
  if (error instanceof RangeError) return { ...known, message: TOO_DEEP };
  return { ...known, message };
}
