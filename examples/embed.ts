import { openSession } from '../sandbox/cellhost.ts';

const session = openSession({
  tools: [{ name: 'add', description: 'Adds two numbers.' }],
  delegate: {
    async invokeTool({ input }) {
      const { a, b } = input as { a: number; b: number };
      return a + b;
    },
    async notify({ text }) {
      console.log('notified:', text);
    },
  },
});

const source =
  'const sums = await Promise.all([1, 2, 3].map((a) => tools.add({ a, b: 10 }))); text(sums)';
const { first } = await session.execute({ source });
const event = await first;
await session.close();

console.log(event.type, event.items);
if (JSON.stringify(event.items) !== '[{"type":"input_text","text":"[11,12,13]"}]') process.exit(1);
