import assert from 'node:assert/strict';
import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import {
  describeRuntime,
  type OutputItem,
  openSession,
  toModelContent,
  tool,
  withHandlers,
} from '../sandbox/cellhost.ts';

// An agent loop on the short path. A script plays the model; put a call of your provider in its place.
const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const article = z.object({ article: z.string() });
const tools = {
  price: tool({ description: 'In euros.', input: article, run: ({ article }) => article.length }),
  slow: tool({
    description: 'Takes a moment.',
    run: (_, { signal }) => after(50, 'at last', { signal }),
  }),
  failing: tool({
    description: 'Fails.',
    run: () => {
      throw new Error('out of stock');
    },
  }),
  photo: tool({ description: 'A photo, as a data URL.', input: article, run: () => PNG }),
  report: tool({ description: 'A long text.', run: () => 'line\n'.repeat(400_000) }),
  forever: tool({
    description: 'Never answers.',
    run: (_, { signal }) => after(2 ** 30, null, { signal }),
  }),
};
await using session = openSession({ tools, notify: ({ text }) => console.log('notified:', text) });
const { exec, wait } = describeRuntime({ tools: withHandlers(tools).tools });
console.log(`The model is told ${exec.description.length + wait.description.length} characters.`);

type Move = { readonly source: string } | { readonly wait: string } | { readonly stop: string };
const script: readonly Move[] = [
  { source: `store('tea', await tools.price({ article: 'tea' })); text(load('tea'))` },
  { source: `text(load('tea') + 1); await tools.price({ item: 'tea' })` }, // the error repairs it
  { source: `await tools.failing().catch((error) => text(error.message))` },
  { source: `image(await tools.photo({ article: 'tea' }))` },
  { source: `text(await tools.report())` }, // 2 MB: the model gets its head and tail
  { source: `notify('working'); yield_control(); text(await tools.slow())` }, // in the background
  { wait: '6' },
  { source: `yield_control(); await tools.forever()` },
  { stop: '7' },
];

const seen: (readonly OutputItem[])[] = [];
for (const move of script) {
  const event =
    'source' in move
      ? await (await session.execute(move)).first
      : 'wait' in move
        ? await session.observe(move.wait)
        : await session.terminate(move.stop);
  seen.push(toModelContent(event, { maxTokens: 200 }));
}
const user = new AbortController(); // the user presses stop while a tool runs
const cancelled = await session.run('text(1); await tools.forever()', {
  signal: user.signal,
  timeoutMs: 60_000,
  onEvent: ({ type }) => type === 'tool-started' && user.abort(),
});
seen.push(toModelContent(cancelled));

const shown = seen.map((items) => items.map((i) => ('text' in i ? i.text : i.type)).join('\n'));
console.log(shown.map((text) => text.slice(0, 200)).join('\n\n'));
const expected = [/3$/, /article: /, /out of stock/, /input_image/, /Output cut/];
const later = [/cell ID 6/, /at last$/, /cell ID 7/, /terminated/, /terminated.*1$/s];
for (const [index, text] of [...expected, ...later].entries()) assert.match(shown[index]!, text);
