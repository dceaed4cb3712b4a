import assert from 'node:assert/strict';
import { openSession } from '../sandbox/cellhost.ts';

// Walks through a program from one pause to the next: it pauses whenever all it can do is wait.
const answers = new Map<string, (value: unknown) => void>();
const session = openSession({
  tools: [{ name: 'ask', description: 'Asks a person.' }],
  delegate: {
    invokeTool: ({ callId }) => new Promise((resolve) => answers.set(callId, resolve)),
    async notify() {},
  },
});

const source = `
  const [name, age] = await Promise.all([tools.ask('name'), tools.ask('age')]);
  text(name + ' is ' + age);
`;
const { cellId, first } = await session.execute({ source, observe: { pending: true } });
const frontier = await first;
assert.equal(frontier.type, 'pending');
if (frontier.type !== 'pending') process.exit(1);
console.log(
  'waits for',
  frontier.pendingCalls.map(({ callId }) => callId),
);
assert.deepEqual(
  frontier.pendingCalls.map(({ tool }) => tool),
  ['ask', 'ask'],
);

answers.get('tool-1')?.('Ada');
answers.get('tool-2')?.(36);
await session.resume(cellId, frontier.generation);
const end = await session.observe(cellId, { yieldAfterMs: 10_000 });
console.log(end.type, end.items);
assert.deepEqual(end.items, [{ type: 'input_text', text: 'Ada is 36' }]);
await session.close();
