import { isJsonObject, type JsonObject } from '../../../src/describe/json-object.ts';
import type { ModelRequest, ModelTurn } from '../mcp/dialects.ts';

/** One call of a tool of ours that a scripted model makes. */
export interface ScriptedCall {
  readonly tool: string;
  readonly input: JsonObject;
}

/** What the model was given for each call of a prompt, as JSON, by the name of the prompt. */
export type GivenResults = Map<string, readonly string[]>;

const MARK = /RUN#(\w+):([A-Za-z0-9_-]+);/g;
/** What says in each API that something is the result of a call. */
const RESULT = /"(?:function_call_output|tool_result)"|"functionResponse"|"role":"tool"/;

/** A prompt that makes the scripted model call tools, one after the other. */
export function promptFor(name: string, calls: readonly ScriptedCall[]): string {
  return `RUN#${name}:${Buffer.from(JSON.stringify(calls)).toString('base64url')};`;
}

/** What the model does next: it makes the next call of the latest prompt, or is done. */
export function nextTurn(
  { tools }: ModelRequest,
  body: JsonObject,
  given: GivenResults,
): ModelTurn {
  const texts = partsOf(body).map((part) => JSON.stringify(part));
  const at = texts.findLastIndex((text) => text.search(MARK) >= 0);
  const [, name, script] = [...(texts[at] ?? '').matchAll(MARK)].at(-1) ?? [];
  if (name === undefined || script === undefined) return DONE;
  const results = texts.slice(at + 1).filter((text) => RESULT.test(text));
  given.set(name, results);
  const calls: readonly ScriptedCall[] = JSON.parse(Buffer.from(script, 'base64url').toString());
  const next = calls[results.length];
  const isNext = (tool: string) => new RegExp(`cellhost.*[_.]${next?.tool}$`).test(tool);
  const tool = tools.find((each) => isNext(each.name))?.name;
  if (next === undefined || tool === undefined) return DONE;
  return { type: 'call', id: `call_${name}_${results.length}`, name: tool, input: next.input };
}

const DONE = { type: 'text', text: 'done' } as const;

/** The conversation in a request of any API, in order. One message may have several parts. */
function partsOf({ input, messages, contents }: JsonObject): readonly unknown[] {
  const all = [input, messages, contents].find(Array.isArray) ?? [];
  return all.flatMap((message) => {
    if (!isJsonObject(message)) return [];
    const { role, content, parts } = message;
    const inner = [content, parts].find(Array.isArray);
    return inner === undefined || inner.length === 0
      ? [message]
      : inner.map((part) => ({ role, part }));
  });
}
