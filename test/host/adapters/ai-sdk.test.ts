import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { generateText, jsonSchema, stepCountIs, tool } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { z } from 'zod';
import { codeMode, fromAiTools } from '../../../host/adapters/ai-sdk.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { Held } from '../../support/gates.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

const PNG = 'iVBORw0KGgo=';

const add = tool({
  description: 'Adds two numbers.',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  execute: ({ a, b }) => a + b,
});

type Generated = Awaited<ReturnType<MockLanguageModelV4['doGenerate']>>;
type Turn = { readonly exec: object } | { readonly wait: object } | { readonly say: string };

const count = { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined };
const usage = { inputTokens: count, outputTokens: { total: 1, text: 1, reasoning: undefined } };

/** A model that takes these turns. */
function modelOf(...turns: readonly Turn[]): MockLanguageModelV4 {
  return new MockLanguageModelV4({ doGenerate: turns.map(generated) });
}

function generated(turn: Turn, index: number): Generated {
  const answer = { usage, warnings: [] };
  if ('say' in turn) {
    const content: Generated['content'] = [{ type: 'text', text: turn.say }];
    return { ...answer, content, finishReason: { unified: 'stop', raw: undefined } };
  }
  const [[toolName, input] = ['', {}]] = Object.entries(turn);
  const call = { type: 'tool-call', toolCallId: `call-${index}`, toolName } as const;
  const content: Generated['content'] = [{ ...call, input: JSON.stringify(input) }];
  return { ...answer, content, finishReason: { unified: 'tool-calls', raw: undefined } };
}

/** What the model was given as results, as one text for each of its calls. */
function resultsOf(model: MockLanguageModelV4): readonly string[] {
  const prompt = model.doGenerateCalls.at(-1)?.prompt ?? [];
  return prompt
    .filter(({ role }) => role === 'tool')
    .flatMap(({ content }) => content as readonly { readonly output: unknown }[])
    .map(({ output }) => JSON.stringify(output));
}

describe('codeMode of the AI SDK', () => {
  it('lets a model run programs that call the tools of a tool set', async () => {
    await using code = await codeMode({ sandbox, tools: { add } });
    const source = `text(await tools.add({ a: 20, b: 22 })); image('data:image/png;base64,${PNG}')`;
    const model = modelOf({ exec: { source } }, { say: 'It is 42.' });
    const { tools } = code;
    const { text } = await generateText({ model, tools, prompt: '', stopWhen: stepCountIs(5) });
    assert.equal(text, 'It is 42.');
    const [result = ''] = resultsOf(model);
    assert.match(result, /Script completed.*"text":"42"/s);
    assert.ok(result.includes(`"mediaType":"image/png"`) && result.includes(PNG), result);
    const offered = model.doGenerateCalls[0]?.tools ?? [];
    assert.deepEqual(
      offered.map(({ name }) => name),
      ['exec', 'wait'],
    );
    assert.match(JSON.stringify(offered[0]), /add\(args: \{/);
  });

  it('tells the model of wrong arguments, in the program and for exec itself', async () => {
    await using code = await codeMode({ sandbox, tools: { add } });
    const model = modelOf(
      { exec: { source: 'await tools.add({ a: 1 })' } },
      { exec: { source: '1', nonsense: 1 } },
      { say: '' },
    );
    await generateText({ model, tools: code.tools, prompt: '', stopWhen: stepCountIs(5) });
    const [first = '', second = ''] = resultsOf(model);
    assert.match(first, /Script failed.*Invalid arguments for tools\.add:\\n- b: /s);
    assert.match(second, /exec only supports `source`/);
  });

  it('lets a model wait for a cell, wakes it with a notification, and terminates', async () => {
    const held = new Held<string>();
    const slow = tool({
      inputSchema: z.object({}),
      execute: (_, { abortSignal }) => held.wait(abortSignal!),
    });
    await using code = await codeMode({ sandbox, tools: { slow } });
    const source = `yield_control(); notify('news'); await tools.slow(); text('never')`;
    const model = modelOf(
      { exec: { source } },
      { wait: { cell_id: '1', yield_time_ms: 60_000 } },
      { wait: { cell_id: '1', terminate: true } },
      { say: '' },
    );
    await generateText({ model, tools: code.tools, prompt: '', stopWhen: stepCountIs(5) });
    const [first = '', second = '', third = ''] = resultsOf(model);
    assert.match(first, /running with cell ID 1/);
    assert.match(second, /running with cell ID 1.*Notification: news/s);
    assert.match(third, /Script terminated/);
  });

  it('terminates the cell when the generation is aborted', async () => {
    const caller = new AbortController();
    const aborted = Promise.withResolvers<void>();
    const stop = tool({
      inputSchema: z.object({}),
      execute: async (_, { abortSignal }) => {
        abortSignal?.addEventListener('abort', () => aborted.resolve());
        caller.abort();
        await aborted.promise;
        return null;
      },
    });
    await using code = await codeMode({ sandbox, tools: { stop } });
    const model = modelOf({ exec: { source: 'await tools.stop(); for (;;);' } }, { say: '' });
    const abortSignal = caller.signal;
    const { tools } = code;
    await generateText({ model, tools, prompt: '', abortSignal }).catch(() => {});
    await aborted.promise;
    await code.close();
  });

  it('takes JSON Schemas with and without checks, and results that stream', async () => {
    const input = { type: 'object', properties: { n: { type: 'number' } } } as const;
    const isEven = (value: unknown) =>
      (value as { n: number }).n % 2 === 0
        ? { success: true as const, value: value as { n: number } }
        : { success: false as const, error: new Error('n must be even') };
    const tools = {
      plain: tool({ inputSchema: jsonSchema<{ n: number }>(input), execute: ({ n }) => n }),
      even: tool({
        inputSchema: jsonSchema<{ n: number }>(input, { validate: isEven }),
        execute: async function* ({ n }) {
          yield n;
          yield n + 1;
        },
      }),
    };
    await using code = await codeMode({ sandbox, tools });
    const failing = (call: string) => `await ${call}.catch((error) => text(error.message))`;
    const source = `text(await tools.even({ n: 2 })); ${failing(`tools.even({ n: 1 })`)}; ${failing(`tools.plain({ n: 'x' })`)}`;
    const { items } = await code.session.run(source);
    const texts = items.map((item) => (item.type === 'input_text' ? item.text : item.type));
    assert.equal(texts[0], '3');
    assert.match(texts[1] ?? '', /n must be even/);
    assert.match(texts[2] ?? '', /n: must be number, got "x"/);
  });

  it('refuses tools that a program cannot call, by name', async () => {
    const inputSchema = z.object({});
    const approved = tool({ inputSchema, needsApproval: true, execute: () => null });
    const elsewhere = tool({ inputSchema, outputSchema: z.null() });
    const refused = { code: 'invalid_argument' };
    await assert.rejects(fromAiTools({ approved }), { ...refused, message: /approved.*approval/ });
    await assert.rejects(fromAiTools({ elsewhere }), { ...refused, message: /elsewhere.*execute/ });
  });
});
