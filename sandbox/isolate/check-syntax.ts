import ivm from 'isolated-vm';
import { messageOf } from '../../src/errors.ts';
import type { SyntaxCheck } from '../source/module-source.ts';

let checker: ivm.Isolate | null = null;

/** What V8 says about a module that does not parse. */
export const checkSyntax: SyntaxCheck = (source) => {
  if (checker === null || checker.isDisposed) checker = new ivm.Isolate({ memoryLimit: 128 });
  try {
    checker.compileModuleSync(source, { filename: 'exec_main.mjs' }).release();
    return null;
  } catch (error) {
    const text = messageOf(error);
    const place = / \[[^\]]*:(\d+):(\d+)\]$/.exec(text);
    const message = place === null ? text : text.slice(0, place.index);
    const known = {
      line: Math.max(1, Number(place?.[1] ?? 1)),
      column: Math.max(1, Number(place?.[2] ?? 1)),
    };
    if (error instanceof RangeError)
      return { ...known, message: 'The source is nested too deeply' };
    return { ...known, message };
  }
};
