import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import { JsonText, ToolCall } from '../../../src/delegate.ts';
import { type HandledTool, tool } from '../../../src/embed/tool.ts';

const { signal } = new AbortController();

function callOf(input: unknown): ToolCall {
  return new ToolCall({
    cellId: '1',
    callId: 'tool-1',
    tool: 'add-all',
    toolName: { name: 'add-all', namespace: null },
    kind: 'function',
    inputJson: JSON.stringify(input),
  });
}

function invoke(handled: HandledTool, input?: unknown): Promise<unknown> {
  return handled.invoke(callOf(input), signal);
}

/** The lines of the error that a program catches. */
async function problemsOf(handled: HandledTool, input?: unknown): Promise<readonly string[]> {
  const error = await invoke(handled, input).then(
    () => assert.fail('the call passed'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof TypeError);
  return error.message.split('\n');
}

const sum = ({ a, b }: { readonly a: number; readonly b: number }) => a + b;
const numbers = {
  type: 'object',
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
  additionalProperties: false,
} as const;

describe('tool', () => {
  const schemas = {
    zod: tool({ description: '', input: z.object({ a: z.number(), b: z.number() }), run: sum }),
    valibot: tool({
      description: '',
      input: v.object({ a: v.number(), b: v.number() }),
      inputSchema: numbers,
      run: sum,
    }),
    arktype: tool({ description: '', input: type({ a: 'number', b: 'number' }), run: sum }),
    'JSON Schema': tool({ description: '', input: numbers, run: sum }),
  };
  for (const [name, add] of Object.entries(schemas)) {
    it(`checks arguments with ${name} and tells its JSON Schema`, async () => {
      assert.equal(await invoke(add, { a: 20, b: 22 }), 42);
      const [title, ...lines] = await problemsOf(add, { a: '20' });
      const problems = lines.toSorted();
      assert.equal(title, 'Invalid arguments for tools.add_all:');
      assert.equal(problems.length, 3, problems.join('\n'));
      assert.match(problems[0] ?? '', /^- a: .*(?:number|string)/i);
      assert.match(problems[1] ?? '', /^- b: /);
      assert.match(problems[2] ?? '', /^Expected: \{.*a: number.*b: number.*\}$/s);
      assert.equal(add.inputSchema?.type, 'object');
    });
  }

  it('lists the problems of a JSON Schema by place, with what was passed', async () => {
    const book = tool({
      description: '',
      input: {
        type: 'object',
        properties: {
          rooms: { type: 'array', items: { type: 'object', required: ['bed size'] } },
          kind: { enum: ['day', 'night'] },
          nights: { type: 'integer', minimum: 1 },
        },
        required: ['kind'],
        additionalProperties: false,
      },
      run: () => null,
    });
    const wrong = { rooms: [{ 'bed size': 1 }, {}], kind: 'week', nights: 0, name: 'x' };
    const lines = await problemsOf(book, wrong);
    assert.deepEqual(lines.slice(1, -1).toSorted(), [
      '- kind: must be one of "day", "night", got "week"',
      '- name: is not a known property',
      '- nights: must be >= 1',
      '- rooms[1]["bed size"]: is missing',
    ]);
  });

  it('passes what the schema made of the argument', async () => {
    const input = z.object({ at: z.string().transform((text) => text.length) });
    const length = tool({ description: '', input, run: ({ at }) => at satisfies number });
    assert.equal(await invoke(length, { at: 'four' }), 4);
    assert.deepEqual(length.inputSchema?.properties, { at: { type: 'string' } });
  });

  it('takes a call without an argument for an empty object', async () => {
    const input = z.object({ limit: z.number().default(10) });
    const list = tool({ description: '', input, run: ({ limit }) => limit });
    assert.equal(await invoke(list), 10);
  });

  it('without a schema passes anything, and a JSON text as it is', async () => {
    const text = new JsonText('1');
    const echo = tool({ description: '', run: (input) => input ?? text });
    assert.deepEqual(await invoke(echo, [1]), [1]);
    assert.equal(await invoke(echo), text);
    assert.ok(!('inputSchema' in echo));
  });

  it('types the handler from a literal JSON Schema', () => {
    const input = {
      type: 'object',
      properties: { id: { type: 'string' }, tags: { type: 'array', items: { enum: ['a', 'b'] } } },
      required: ['id'],
    } as const;
    const run = ({ id, tags }: { id: string; tags?: readonly ('a' | 'b')[] }) => [id, tags];
    assert.ok(tool({ description: '', input, run: (value) => run(value) }));
    // @ts-expect-error: `id` is a string
    assert.ok(tool({ description: '', input, run: ({ id }) => id satisfies number }));
  });

  it('gives the handler its signal and its call', async () => {
    const stopped = new AbortController();
    const seen = tool({ description: '', run: (_, { signal, call }) => [signal, call.callId] });
    const result = await seen.invoke(callOf(1), stopped.signal);
    assert.deepEqual(result, [stopped.signal, 'tool-1']);
  });

  it('does not start a handler whose call was cancelled while its argument was checked', async () => {
    const stopped = new AbortController();
    const input = z.object({}).refine(async () => {
      stopped.abort(new Error('cancelled'));
      return true;
    });
    const never = tool({ description: '', input, run: () => assert.fail('it was started') });
    await assert.rejects(never.invoke(callOf({}), stopped.signal), /^Error: cancelled$/);
  });

  it('checks results against an output schema', async () => {
    const output = z.object({ total: z.number() });
    const total = tool({
      description: '',
      output,
      run: (input) => ({ total: input as number }),
    });
    assert.deepEqual(await invoke(total, 1), { total: 1 });
    const [title, problem] = await problemsOf(total, 'x');
    assert.equal(title, 'tools.add_all returned a result that breaks its own schema:');
    assert.match(problem ?? '', /^- total: /);
    assert.ok(total.outputSchema);
  });

  it('lists ten problems and counts the others', async () => {
    const input = { type: 'array', items: { type: 'number' } } as const;
    const lines = await problemsOf(tool({ description: '', input, run: () => null }), [
      ...'abcdefghijklm',
    ]);
    assert.equal(lines[10], '- [9]: must be number, got "j"');
    assert.equal(lines[11], '- and 3 more');
  });

  it('lists only the first problem of a long argument', async () => {
    const input = { type: 'array', items: { type: 'number' } } as const;
    const long = Array.from({ length: 20_000 }, () => 'no');
    const lines = await problemsOf(tool({ description: '', input, run: () => null }), long);
    assert.deepEqual(lines.slice(1, -1), ['- [0]: must be number, got "no"']);
  });

  it('keeps long keys and values out of the error', async () => {
    const add = tool({ description: '', input: numbers, run: sum });
    const lines = await problemsOf(add, { a: 'x'.repeat(5_000), ['y'.repeat(5_000)]: 1 });
    assert.ok(lines.join('\n').length < 1_500);
    assert.ok(lines.includes('- a: must be number, got a string of 5000 characters'));
  });

  it('reads draft 7 where a schema says so, and one id twice', async () => {
    const schema = (extra: object) => ({
      $id: 'https://schemas.test/same',
      items: [{ type: 'number' }],
      ...extra,
    });
    const old = { $schema: 'http://json-schema.org/draft-07/schema#', ...schema({}) };
    const unknown = { $schema: 'https://schemas.test/dialect', items: false };
    assert.ok(tool({ description: '', input: unknown, run: () => null }));
    for (const input of [old, old]) {
      const lines = await problemsOf(tool({ description: '', input, run: () => null }), ['a']);
      assert.equal(lines[1], '- [0]: must be number, got "a"');
    }
  });

  it('refuses a schema that is not valid, and one that cannot be shown', () => {
    const run = () => null;
    const refused = { code: 'invalid_argument' };
    const wrong = { type: 'nonsense' };
    assert.throws(() => tool({ description: '', input: wrong, run }), refused);
    assert.throws(() => tool({ description: '', input: 1 as never, run }), refused);
    assert.throws(() => tool({ description: '', input: v.object({}), run }), {
      ...refused,
      message: /valibot do not tell their JSON Schema; pass its JSON Schema as inputSchema/,
    });
    assert.throws(() => tool({ description: '', input: z.date(), run }), refused);
    assert.throws(() => tool({ description: '', run: undefined as never }), refused);
  });
});
