import { setTimeout } from 'node:timers/promises';
import type { DelegateRequest, DelegateResult, WireTool } from '../../host/wire/protocol.ts';

type Invocation = Extract<DelegateRequest, { type: 'tool/invoke' }>['invocation'];

const tool = (name: string): WireTool => ({
  name,
  tool_name: { name, namespace: null },
  description: `${name} tool`,
  kind: 'function',
  input_schema: null,
  output_schema: null,
});

/** The tools that the recorded programs had. */
export const RECORDED_TOOLS: readonly WireTool[] = [
  ...['echo', 'fail', 'slow', 'str', 'nul', 'num', 'arr', 'never'].map(tool),
  { ...tool('free'), kind: 'freeform' },
  { ...tool('mcp__srv__get-thing'), tool_name: { name: 'get-thing', namespace: 'mcp__srv__' } },
  tool('img'),
];

/** A tool of the tests: no recording shows its calls, and a program waits in it until it may go on. */
export const GATE: WireTool = tool('gate');

const ANSWERS: Readonly<Record<string, unknown>> = {
  str: 'a string',
  nul: null,
  num: 42,
  arr: [1, 'a', null],
  img: { content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] },
};

export const toolResult = (result: unknown): DelegateResult => ({
  status: 'ok',
  value: { type: 'tool/result', result },
});

export const DELIVERED: DelegateResult = {
  status: 'ok',
  value: { type: 'notification/delivered' },
};

/** What the recorded tools did. */
export async function answerRecorded({ tool_name, input }: Invocation): Promise<DelegateResult> {
  const { name } = tool_name;
  if (name === 'fail') return { status: 'error', message: 'tool failed badly' };
  if (name === 'slow') {
    const { ms, v } = input as { readonly ms: number; readonly v: unknown };
    await setTimeout(ms);
    return toolResult({ v });
  }
  return toolResult(Object.hasOwn(ANSWERS, name) ? ANSWERS[name] : (input ?? null));
}
