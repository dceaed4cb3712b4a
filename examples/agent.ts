import assert from 'node:assert/strict';
import {
  type CellEvent,
  describeTools,
  openSession,
  type Session,
  type ToolDefinition,
} from '../sandbox/cellhost.ts';

// An agent loop. The model has three moves: run a program, wait for a cell, or answer. A script
// plays the model here; put a call of your provider in its place.

type Work =
  | { readonly type: 'exec'; readonly source: string }
  | { readonly type: 'wait'; readonly cellId: string };
type Move = Work | { readonly type: 'answer'; readonly text: string };
type Model = (conversation: readonly string[]) => Promise<Move>;

async function ask(model: Model, session: Session, prompt: string, question: string) {
  const conversation = [prompt, question];
  for (;;) {
    const move = await model(conversation);
    if (move.type === 'answer') return { text: move.text, conversation };
    conversation.push(report(await perform(session, move)));
  }
}

async function perform(session: Session, work: Work): Promise<CellEvent> {
  if (work.type === 'wait') return session.observe(work.cellId);
  const { first } = await session.execute({ source: work.source });
  return first;
}

/** An event as the model reads it. */
function report(event: CellEvent): string {
  const output = event.items.map((item) => (item.type === 'input_text' ? item.text : item.type));
  if (event.type === 'yielded') output.push(`Cell ${event.cellId} is still running.`);
  if (event.type === 'completed' && event.failure) output.push(`Failed: ${event.failure.text}`);
  return output.join('\n');
}

const tools: readonly ToolDefinition[] = [
  {
    name: 'price',
    description: 'The price of an article, in euros.',
    inputSchema: { type: 'object', properties: { article: { type: 'string' } } },
  },
];

await using session = openSession({
  tools,
  delegate: {
    invokeTool: async ({ input }) => {
      const { article } = input as { article: string };
      return article.length;
    },
    notify: async ({ text }) => console.log('notified:', text),
  },
});

const script: readonly Move[] = [
  {
    type: 'exec',
    source: `
      text('Asking for two prices.');
      yield_control();
      const prices = await Promise.all(['tea', 'honey'].map((article) => tools.price({ article })));
      text(prices[0] + prices[1]);
    `,
  },
  { type: 'wait', cellId: '1' },
  { type: 'answer', text: 'Tea and honey cost 8 euros.' },
];
const model: Model = async (conversation) => script[conversation.length - 2]!;

const { text, conversation } = await ask(model, session, describeTools(tools), 'What do I pay?');
console.log(conversation.join('\n\n'));
console.log(`\n${text}`);
assert.deepEqual(conversation.slice(2), ['Asking for two prices.\nCell 1 is still running.', '8']);
