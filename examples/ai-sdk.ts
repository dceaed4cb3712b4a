import assert from 'node:assert/strict';
import { generateText, stepCountIs, tool } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { z } from 'zod';
import { codeMode } from '../host/adapters/ai-sdk.ts';

// Code mode for the AI SDK. A script plays the model; put a real one, such as `openai('gpt-5.1')`, in its place.
const price = tool({
  description: 'The price of an article, in euros.',
  inputSchema: z.object({ article: z.string() }),
  execute: ({ article }) => article.length,
});

const source = `
  const articles = ['tea', 'coffee'];
  const prices = await Promise.all(articles.map((article) => tools.price({ article })));
  text(prices.reduce((sum, each) => sum + each));`;
const count = { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined };
const usage = { inputTokens: count, outputTokens: { total: 1, text: 1, reasoning: undefined } };
const call = { type: 'tool-call', toolCallId: 'call-1', toolName: 'exec' } as const;
const model = new MockLanguageModelV4({
  doGenerate: [
    {
      content: [{ ...call, input: JSON.stringify({ source }) }],
      finishReason: { unified: 'tool-calls', raw: undefined },
      ...{ usage, warnings: [] },
    },
    {
      content: [{ type: 'text', text: 'Together they cost 9 euros.' }],
      finishReason: { unified: 'stop', raw: undefined },
      ...{ usage, warnings: [] },
    },
  ],
});

await using code = await codeMode({ tools: { price } });
const { text, steps } = await generateText({
  model,
  tools: code.tools,
  prompt: 'What do tea and coffee cost?',
  stopWhen: stepCountIs(5),
});
console.log(text);
assert.match(JSON.stringify(steps), /Script completed.*"text":"9"/s);
