import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { type StructuredToolInterface, tool } from '@langchain/core/tools';
import { z } from 'zod';
import { codeMode } from '../../../host/adapters/langchain.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { Held } from '../../support/gates.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

const add = tool(({ a, b }) => a + b, {
  name: 'add',
  description: 'Adds two numbers.',
  schema: z.object({ a: z.number(), b: z.number() }),
});

/** An agent loop over turns of a model, as frameworks on LangChain have it. @returns The messages of tools. */
async function play(
  tools: readonly StructuredToolInterface[],
  turns: readonly object[],
  signal?: AbortSignal,
): Promise<readonly ToolMessage[]> {
  const messages: BaseMessage[] = [new HumanMessage('go')];
  for (const [at, turn] of turns.entries()) {
    const [[name, args] = ['', {}]] = Object.entries(turn);
    const call = { name, args, id: `call-${at}`, type: 'tool_call' } as const;
    messages.push(new AIMessage({ content: '', tool_calls: [call] }));
    const called = tools.find((each) => each.name === name);
    messages.push(await called?.invoke(call, signal === undefined ? {} : { signal }));
  }
  return messages.filter((message) => ToolMessage.isInstance(message));
}

const textOf = ({ content }: ToolMessage) => JSON.stringify(content);

describe('codeMode of LangChain', () => {
  it('lets a model run programs that call tools', async () => {
    await using code = codeMode({ sandbox, tools: [add] });
    const source = `text(await tools.add({ a: 20, b: 22 })); image('data:image/png;base64,iVBORw0KGgo=')`;
    const [result] = await play(code.tools, [{ exec: { source } }]);
    assert.ok(result);
    assert.equal(result.tool_call_id, 'call-0');
    assert.match(textOf(result), /Script completed.*"type":"text","text":"42"/s);
    assert.match(textOf(result), /"type":"image","mimeType":"image\/png","data":"iVBORw0KGgo="/);
    assert.deepEqual(
      code.tools.map(({ name }) => name),
      ['exec', 'wait'],
    );
    assert.match(code.tools[0]?.description ?? '', /add\(args: \{ a: number; b: number; \}\)/);
  });

  it('shows the failure of a call with wrong arguments, so that a program can be repaired', async () => {
    await using code = codeMode({ sandbox, tools: [add] });
    const [result] = await play(code.tools, [{ exec: { source: 'await tools.add({ a: 1 })' } }]);
    assert.match(textOf(result!), /Script failed.*expected schema/s);
  });

  it('continues a cell with wait, and shows its notifications', async () => {
    await using code = codeMode({ sandbox, tools: [add] });
    const source = `text('a'); notify('news'); yield_control(); text('b')`;
    const [first, second] = await play(code.tools, [
      { exec: { source } },
      { wait: { cell_id: '1' } },
    ]);
    assert.match(textOf(first!), /cell ID 1/);
    assert.match(textOf(first!) + textOf(second!), /news.*"text":"b"/s);
  });

  it('terminates the cell when the signal of a call aborts', async () => {
    const held = new Held<string>();
    const slow = tool((_, config) => held.wait(config.signal ?? new AbortController().signal), {
      name: 'slow',
      description: '',
      schema: z.object({}),
    });
    await using code = codeMode({ sandbox, tools: [slow] });
    const user = new AbortController();
    const running = play(code.tools, [{ exec: { source: 'await tools.slow({})' } }], user.signal);
    running.catch(() => {});
    while (held.size === 0) await new Promise((done) => setImmediate(done));
    user.abort();
    await assert.rejects(running);
    while ((await code.session.cells()).length > 0) await new Promise((done) => setImmediate(done));
  });

  it('offers tools with a JSON Schema, and refuses two of one name', async () => {
    const upper = tool((input) => (input as { readonly text: string }).text.toUpperCase(), {
      name: 'upper',
      description: '',
      schema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    });
    await using code = codeMode({ sandbox, tools: [upper] });
    const [result] = await play(code.tools, [
      { exec: { source: `text(await tools.upper({ text: 'a' }))` } },
    ]);
    assert.match(textOf(result!), /"text":"A"/);
    const twice = () => codeMode({ sandbox, tools: [upper, upper] });
    assert.throws(twice, { code: 'invalid_argument', message: /two tools are named upper/ });
  });
});
