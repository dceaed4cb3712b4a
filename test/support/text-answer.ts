import type { ToolAnswer } from '../../src/runtime/tool-answer.ts';

/** An answer whose result is text, whatever it came as. */
export interface TextAnswer {
  readonly ok: boolean;
  readonly text: string;
}

export function withText({ ok, text }: ToolAnswer): TextAnswer {
  return { ok, text: typeof text === 'string' ? text : text.text };
}
