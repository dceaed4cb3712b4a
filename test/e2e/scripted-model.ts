import { z } from 'zod';

/** One call of a tool that the command line program offers to its model. */
export type ModelCall =
  | { readonly tool: 'exec'; readonly source: string }
  | { readonly tool: 'wait'; readonly input: Readonly<Record<string, unknown>> };

/** Describes what is wrong with an answer that lacks any of these parts. */
export type Expect = (answer: string | undefined, ...parts: readonly (string | RegExp)[]) => void;

/** The moves of a model for one purpose: it yields calls, and gets one text for each. */
export interface Scenario {
  readonly name: string;
  play(expect: Expect): Generator<readonly ModelCall[], void, readonly string[]>;
}

/** The result of one scenario. `problems` is empty if it succeeded. */
export interface ScenarioResult {
  readonly name: string;
  readonly over: boolean;
  readonly problems: readonly string[];
}

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
  readonly #scenarios: readonly Scenario[];
  readonly #results: { name: string; over: boolean; problems: string[] }[] = [];
  #playing: ReturnType<Scenario['play']> | undefined;
  #pending: readonly string[] = [];
  #callCount = 0;

  constructor(scenarios: readonly Scenario[]) {
    this.#scenarios = scenarios;
  }

  /** The results of all started scenarios. */
  get results(): readonly ScenarioResult[] {
    return this.#results;
  }

  /** Whether all scenarios were played to their ends, and no answer was wrong. */
  get wentWell(): boolean {
    const good = this.#results.filter(({ over, problems }) => over && problems.length === 0);
    return good.length === this.#scenarios.length;
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
    const calls = this.#advance(answers);
    const items = calls.map((call) => this.#toItem(call));
    return items.length > 0 ? items : [message('The script is over.')];
  }

  #advance(answers: readonly string[]): readonly ModelCall[] {
    let step = this.#playing?.next(answers);
    while (step === undefined || step.done) {
      const last = this.#results.at(-1);
      if (last !== undefined) last.over = true;
      const scenario = this.#scenarios[this.#results.length];
      this.#pending = [];
      if (scenario === undefined) return [];
      const problems: string[] = [];
      this.#results.push({ name: scenario.name, over: false, problems });
      this.#playing = scenario.play((answer, ...parts) => {
        problems.push(...missingParts(answer, parts));
      });
      step = this.#playing.next([]);
    }
    this.#pending = step.value.map((_, at) => `call_${this.#callCount + at + 1}`);
    return step.value;
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

/** The number of the cell that an answer reports as running; `none` if it reports none. */
export function runningCell(answer: string | undefined): string {
  return /^Script running with cell ID (\S+)/.exec(answer ?? '')?.[1] ?? 'none';
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

function missingParts(
  answer: string | undefined,
  parts: readonly (string | RegExp)[],
): readonly string[] {
  if (answer === undefined || answer === '') return ['There was no answer'];
  const isIn = (part: string | RegExp) =>
    typeof part === 'string' ? answer.includes(part) : part.test(answer);
  const missing = parts.filter((part) => !isIn(part)).map((part) => JSON.stringify(String(part)));
  if (missing.length === 0) return [];
  return [`Expected ${missing.join(' and ')} in ${JSON.stringify(answer)}`];
}

function message(text: string): ResponseItem {
  const content = [{ type: 'output_text', text }];
  return { type: 'message', role: 'assistant', id: 'message_1', content };
}
