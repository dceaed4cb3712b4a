import assert from 'node:assert/strict';
import { AIMessage, type BaseMessage, HumanMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { z } from 'zod';
import { codeMode } from '../host/adapters/langchain.ts';

// Code mode for LangChain. A script plays the model; put `chatModel.bindTools([...code.tools])` in its place.
const price = tool(({ article }) => article.length, {
  name: 'price',
  description: 'The price of an article, in euros.',
  schema: z.object({ article: z.string() }),
});

const source = `
  const articles = ['tea', 'coffee'];
  const prices = await Promise.all(articles.map((article) => tools.price({ article })));
  text(prices.reduce((sum, each) => sum + each));`;
const script = [
  new AIMessage({ content: '', tool_calls: [{ name: 'exec', args: { source }, id: 'call-1' }] }),
  new AIMessage('Together they cost 9 euros.'),
];

await using code = codeMode({ tools: [price] });
const messages: BaseMessage[] = [new HumanMessage('What do tea and coffee cost?')];
for (const answer of script) {
  messages.push(answer);
  for (const call of answer.tool_calls ?? []) {
    const called = code.tools.find(({ name }) => name === call.name);
    messages.push(await called?.invoke({ ...call, type: 'tool_call' }));
  }
}
console.log(messages.at(-1)?.text);
assert.match(JSON.stringify(messages), /Script completed.*"text":"9"/s);
