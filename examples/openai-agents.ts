import assert from 'node:assert/strict';
import { Agent, Runner, tool } from '@openai/agents';
import { assistantMessage, functionCall, ScriptedModel } from '@openai/agents/testing';
import { z } from 'zod';
import { codeMode } from '../host/adapters/openai-agents.ts';

// Code mode for an agent of the OpenAI Agents SDK. A script plays the model; leave `model` out for a real one.
const price = tool({
  name: 'price',
  description: 'The price of an article, in euros.',
  parameters: z.object({ article: z.string() }),
  execute: async ({ article }) => article.length,
});

const source = `
  const articles = ['tea', 'coffee'];
  const prices = await Promise.all(articles.map((article) => tools.price({ article })));
  text(prices.reduce((sum, each) => sum + each));`;
const model = new ScriptedModel([
  [functionCall('exec', { source }, { callId: 'call-1' })],
  [assistantMessage('Together they cost 9 euros.')],
]);

await using code = codeMode({ tools: [price] });
const agent = new Agent({ name: 'Shop', model, tools: [...code.tools] });
const runner = new Runner({ tracingDisabled: true });
const { finalOutput } = await runner.run(agent, 'What do tea and coffee cost?');
console.log(finalOutput);
assert.match(JSON.stringify(model.calls.at(-1)?.request.input), /Script completed.*"text":"9"/s);
