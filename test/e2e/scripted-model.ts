import { z } from 'zod';
import { type Scenario, ScenarioPlayer, type ScenarioResult } from './scenario-player.ts';

/** One call of a tool that the command line program offers to its model. */
export type ModelCall =
  | { readonly tool: 'exec'; readonly source: string }
  | { readonly tool: 'wait'; readonly input: Readonly<Record<string, unknown>> };

/** One item of a response of the Responses API. */
export type ResponseItem = Readonly<Record<string, unknown>>;

interface OfferedTool {
  readonly type: string;
  readonly name?: string | undefined;
  /** The tools of a namespace. */
  readonly tools?: readonly OfferedTool[] | undefined;
}

const offeredTool: z.ZodType<OfferedTool> = z.looseObject({
  type: z.string(),
  name: z.string().optional(),
  get tools() {
    return z.array(offeredTool).optional();
  },
});
const content = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]);
const requestBody = z.looseObject({
  input: z.array(
    z.looseObject({
      type: z.string(),
      call_id: z.string().optional(),
      output: content.optional(),
      /** The type of items that offer tools in the conversation. */
      tools: z.array(offeredTool).optional(),
    }),
  ),
  tools: z.array(offeredTool).default([]),
});
type RequestBody = z.infer<typeof requestBody>;

/**
 * A model that plays scenarios one after the other: each request advances the current one by one step.
 * After the last one it sends a message, which ends the turn.
 */
export class ScriptedModel {
  readonly #player: ScenarioPlayer<ModelCall>;
  #pending: readonly string[] = [];
  #callCount = 0;

  constructor(scenarios: readonly Scenario<ModelCall>[]) {
    this.#player = new ScenarioPlayer(scenarios);
  }

  /** The results of all started scenarios. */
  get results(): readonly ScenarioResult[] {
    return this.#player.results;
  }

  /** Whether all scenarios were played to their ends, and no answer was wrong. */
  get wentWell(): boolean {
    return this.#player.wentWell;
  }

  /**
   * The model's response to this request.
   *
   * @throws If it is not a request of the Responses API, or does not offer the tools.
   */
  respond(body: unknown): readonly ResponseItem[] {
    const request = requestBody.parse(body);
    checkTools(request);
    const answers = this.#pending.map((id) => answerTo(request, id));
    const calls = this.#player.next(answers);
    this.#pending = calls.map((_, at) => `call_${this.#callCount + at + 1}`);
    const items = calls.map((call) => this.#toItem(call));
    return items.length > 0 ? items : [message('The script is over.')];
  }

  #toItem(call: ModelCall): ResponseItem {
    this.#callCount += 1;
    const ids = { id: `item_${this.#callCount}`, call_id: `call_${this.#callCount}` };
    switch (call.tool) {
      case 'exec':
        return { type: 'custom_tool_call', ...ids, name: 'exec', input: call.source };
      case 'wait':
        return {
          type: 'function_call',
          ...ids,
          name: 'wait',
          arguments: JSON.stringify(call.input),
        };
    }
  }
}

function checkTools({ tools, input }: RequestBody): void {
  const offered = namesOf([...tools, ...input.flatMap((item) => item.tools ?? [])]);
  for (const wanted of ['custom exec', 'function wait']) {
    if (!offered.includes(wanted)) {
      throw new Error(`Cannot play the script: the tools offered are ${offered.join(', ')}`);
    }
  }
}

function namesOf(tools: readonly OfferedTool[]): readonly string[] {
  return tools.flatMap(({ type, name, tools: inner }) => [
    `${type} ${name}`,
    ...namesOf(inner ?? []),
  ]);
}

/** All text that came back for a call: its result, and notifications of its cell. */
function answerTo({ input }: RequestBody, callId: string): string {
  const outputs = input.filter((item) => item.call_id === callId && item.output !== undefined);
  return outputs.map(({ output = '' }) => textOf(output)).join('\n');
}

function textOf(output: z.infer<typeof content>): string {
  if (typeof output === 'string') return output;
  const parts = output.map((part) => (part.type === 'input_text' ? part.text : `[${part.type}]`));
  return parts.join('\n');
}

function message(text: string): ResponseItem {
  const content = [{ type: 'output_text', text }];
  return { type: 'message', role: 'assistant', id: 'message_1', content };
}
