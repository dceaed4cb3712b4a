import type { Intrinsics } from './intrinsics.ts';

/** How helpers fail, and how a thrown value becomes text. */
export interface Failures {
  /** Throws the text, as an `Error` or bare. */
  fail(text: string): never;
  /** Rethrows what a conversion threw. */
  rethrow(error: unknown): never;
  /** The reason with which a tool call rejects. */
  toRejection(text: string): unknown;
  /**
   * The reason with which a call of this tool rejects: its stack names the tool and, if the program
   * awaits the call, where. To be called in a job that the call's promise waits for.
   */
  toToolRejection(text: string, tool: string): unknown;
  /** The text of a thrown value, without internal frames: its stack if it has one. */
  describe(error: unknown): string;
  /** Called by V8 for the text of a stack: V8's own text, without internal frames. Does not throw. */
  prepareStackTrace(error: object, sites: readonly unknown[]): string;
}

/** Uses nothing from outside itself. */
export function makeFailures(
  k: Intrinsics,
): Failures & { bare: boolean; show: (value: unknown) => string } {
  const MAX_TEXT_LENGTH = 1_048_576;
  const OURS = 'cellhost:bootstrap:';
  const isFrame = (line: string) => k.slice(line, 0, 7) === '    at ';
  const isOurs = (line: string) =>
    isFrame(line) && (k.indexOf(line, OURS) >= 0 || line === '    at exec_main.mjs');

  function bounded(text: string): string {
    if (text.length <= MAX_TEXT_LENGTH) return text;
    return `${k.slice(text, 0, MAX_TEXT_LENGTH)}… (${text.length - MAX_TEXT_LENGTH} more characters)`;
  }

  function withoutOurFrames(stack: string): string {
    let kept = '';
    let from = 0;
    let skipped = '';
    while (from <= stack.length) {
      const found = k.indexOf(stack, '\n', from);
      const to = found < 0 ? stack.length : found;
      const line = k.slice(stack, from, to);
      const builtin = isFrame(line) && k.slice(line, -13) === '(<anonymous>)';
      if (isOurs(line)) skipped = '';
      else if (builtin) skipped += `\n${line}`;
      else {
        kept += from === 0 ? line : `${skipped}\n${line}`;
        skipped = '';
      }
      from = to + 1;
    }
    return kept + skipped;
  }

  /** The first place of the program in these frames, such as `exec_main.mjs:4:20`; empty if there is none. */
  function placeIn(frames: string): string {
    const from = k.indexOf(frames, 'exec_main.mjs:');
    if (from < 0) return '';
    let to = from + 14;
    for (; to < frames.length; to += 1) {
      const code = k.charCodeAt(frames, to);
      if ((code < 48 || code > 57) && code !== 58) break;
    }
    return k.slice(frames, from, to);
  }

  /** An object with a text of its own, and a primitive, say it themselves. */
  function thrown(value: unknown): string {
    const text = k.String(value);
    return text === '[object Object]' ? failures.show(value) : text;
  }

  const failures = {
    __proto__: null,
    bare: false,
    /** The text of a thrown value that is no error. */
    show: (value: unknown) => k.String(value),
    fail(text: string): never {
      if (failures.bare) throw text;
      throw failures.toRejection(text);
    },
    rethrow(error: unknown): never {
      if (!failures.bare) throw error;
      throw failures.describe(error);
    },
    toRejection(text: string): unknown {
      if (failures.bare) return text;
      const error = new k.Error(text);
      try {
        // A program can change how stacks are made, and break it.
        error.stack = withoutOurFrames(k.String(error.stack));
      } catch {}
      return error;
    },
    toToolRejection(text: string, tool: string): unknown {
      const error = failures.toRejection(text);
      try {
        const { stack } = error as Error;
        const head = `Error: ${text}`;
        if (typeof stack !== 'string' || k.slice(stack, 0, head.length) !== head) return error;
        const frames = k.slice(stack, head.length);
        const place = placeIn(frames);
        const where = place === '' ? `tools.${tool}` : `tools.${tool}, ${place}`;
        (error as Error).stack = `${head} (${where})${frames}`;
      } catch {}
      return error;
    },
    prepareStackTrace(error: object, sites: readonly unknown[]): string {
      let text = '<error>';
      // A program can change the name of an error, and break it.
      try {
        text = k.errorToString(error as Error);
      } catch {}
      try {
        for (let at = 0; at < sites.length; at += 1) text += `\n    at ${k.String(sites[at])}`;
      } catch {}
      return withoutOurFrames(text);
    },
    describe(error: unknown): string {
      try {
        const stack = typeof error === 'object' && error !== null && (error as Error).stack;
        return bounded(typeof stack === 'string' ? withoutOurFrames(stack) : thrown(error));
      } catch {
        return 'the program threw a value that cannot be shown';
      }
    },
  };
  return failures;
}
