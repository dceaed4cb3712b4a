import { randomUUID } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../../src/describe/json-object.ts';

/** A tool as a client offers it to its model. */
export interface OfferedTool {
  readonly name: string;
  readonly description: string;
}

/** What a request of a client says, whatever API it is made for. */
export interface ModelRequest {
  readonly tools: readonly OfferedTool[];
  /** The results of all calls of the conversation, in order. An image is `[image]`. */
  readonly results: readonly string[];
}

/** What a model does next. */
export type ModelTurn =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'call';
      readonly id: string;
      readonly name: string;
      readonly input: JsonObject;
    };

/** One model API, as far as its clients need it. */
export interface Dialect {
  /** The paths of requests for a turn. */
  readonly path: RegExp;
  read(body: JsonObject): ModelRequest;
  /** The events of a streamed response. Those with a `type` are named by it. */
  write(turn: ModelTurn): readonly JsonObject[];
  /** The last line of a stream, where it is not an event. */
  readonly end?: string;
}

const USAGE = { input_tokens: 1, output_tokens: 1 };

/** OpenAI Responses: the Codex CLI. Tools of servers are in namespaces. */
const responses: Dialect = {
  path: /\/responses$/,
  read: ({ tools, input }) => ({
    tools: objects(tools).flatMap(({ type, name, description, tools: inner }) =>
      type === 'namespace'
        ? objects(inner).map((tool) => offered(`${name}.${tool.name}`, tool.description))
        : name === undefined
          ? []
          : [offered(name, description)],
    ),
    results: objects(input)
      .filter(({ type }) => String(type).endsWith('_call_output'))
      .map(({ output }) => textOf(output)),
  }),
  write: (turn) => {
    const id = 'response';
    const usage = { ...USAGE, input_tokens_details: null, output_tokens_details: null };
    return [
      { type: 'response.created', response: { id } },
      { type: 'response.output_item.done', item: responseItem(turn) },
      { type: 'response.completed', response: { id, usage: { ...usage, total_tokens: 2 } } },
    ];
  },
};

/** Anthropic Messages: Claude Code. */
const messages: Dialect = {
  path: /\/v1\/messages$/,
  read: ({ tools, messages: all }) => ({
    tools: objects(tools).map(({ name, description }) => offered(name, description)),
    results: objects(all)
      .flatMap(({ content }) => objects(content))
      .filter(({ type }) => type === 'tool_result')
      .map(({ content }) => textOf(content)),
  }),
  write: (turn) => {
    const isCall = turn.type === 'call';
    const block = isCall
      ? { type: 'tool_use', id: turn.id, name: turn.name, input: {} }
      : { type: 'text', text: '' };
    const delta = isCall
      ? { type: 'input_json_delta', partial_json: JSON.stringify(turn.input) }
      : { type: 'text_delta', text: turn.text };
    // A client of several turns takes the same id for the same message.
    const id = `message_${randomUUID()}`;
    const message = { id, type: 'message', role: 'assistant', model: 'm', content: [] };
    const stop = { stop_reason: isCall ? 'tool_use' : 'end_turn', stop_sequence: null };
    return [
      {
        type: 'message_start',
        message: { ...message, stop_reason: null, stop_sequence: null, usage: USAGE },
      },
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: stop, usage: USAGE },
      { type: 'message_stop' },
    ];
  },
};

/** OpenAI chat completions: opencode. */
const completions: Dialect = {
  path: /\/chat\/completions$/,
  read: ({ tools, messages: all }) => ({
    tools: objects(tools).map(({ function: tool }) => {
      const { name, description } = isJsonObject(tool) ? tool : {};
      return offered(name, description);
    }),
    results: completionResults(objects(all)),
  }),
  write: (turn) => {
    const chunk = (delta: JsonObject, finish_reason: string | null) => ({
      id: 'completion',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason }],
    });
    if (turn.type === 'text') {
      return [chunk({ role: 'assistant', content: turn.text }, null), chunk({}, 'stop')];
    }
    const called = { name: turn.name, arguments: JSON.stringify(turn.input) };
    const call = { index: 0, id: turn.id, type: 'function', function: called };
    return [chunk({ role: 'assistant', tool_calls: [call] }, null), chunk({}, 'tool_calls')];
  },
  end: 'data: [DONE]\n\n',
};

/** Gemini `generateContent`: the Gemini CLI. */
const gemini: Dialect = {
  path: /:streamGenerateContent$/,
  read: ({ tools, contents }) => ({
    tools: objects(tools)
      .flatMap(({ functionDeclarations }) => objects(functionDeclarations))
      .map(({ name, description }) => offered(name, description)),
    results: objects(contents).flatMap(({ parts }) => geminiResults(objects(parts))),
  }),
  write: (turn) => {
    const part =
      turn.type === 'text'
        ? { text: turn.text }
        : { functionCall: { name: turn.name, args: turn.input } };
    const content = { role: 'model', parts: [part] };
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
    return [{ candidates: [{ index: 0, content, finishReason: 'STOP' }], usageMetadata }];
  },
};

/** The APIs that the clients speak. */
export const DIALECTS: readonly Dialect[] = [responses, messages, completions, gemini];

function responseItem(turn: ModelTurn): JsonObject {
  if (turn.type === 'text') {
    const content = [{ type: 'output_text', text: turn.text }];
    return { type: 'message', role: 'assistant', id: 'message', content };
  }
  const dot = turn.name.lastIndexOf('.');
  return {
    type: 'function_call',
    id: `item_${turn.id}`,
    call_id: turn.id,
    name: turn.name.slice(dot + 1),
    ...(dot > 0 && { namespace: turn.name.slice(0, dot) }),
    arguments: JSON.stringify(turn.input),
  };
}

/** Images come as a message of the user behind the results. */
function completionResults(all: readonly JsonObject[]): readonly string[] {
  const results: string[] = [];
  for (const [at, { role, content }] of all.entries()) {
    if (role === 'tool') results.push(textOf(content));
    const isBehindResult = role === 'user' && at > 0 && all[at - 1]?.role === 'tool';
    if (isBehindResult) results.push(`${results.pop()}\n${textOf(content)}`);
  }
  return results;
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return objects(content).map(partOf).join('\n');
}

/** Images are parts behind the results. */
function geminiResults(parts: readonly JsonObject[]): readonly string[] {
  const results: string[] = [];
  for (const { functionResponse, inlineData } of parts) {
    if (isJsonObject(functionResponse)) {
      const { response } = functionResponse;
      results.push(String(isJsonObject(response) ? (response.output ?? response.error) : ''));
      results.push(...objects(functionResponse.parts).map(partOf));
    } else if (inlineData !== undefined) results.push('[image]');
  }
  return results.length === 0 ? [] : [results.join('\n')];
}

function partOf(part: JsonObject): string {
  if (typeof part.text === 'string') return part.text;
  if ('inlineData' in part || /image/.test(String(part.type))) return '[image]';
  return `[${part.type}]`;
}

function offered(name: unknown, description: unknown): OfferedTool {
  return { name: String(name), description: typeof description === 'string' ? description : '' };
}

function objects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
