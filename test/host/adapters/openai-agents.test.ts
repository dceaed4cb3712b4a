import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Agent, type RunContext, Runner, tool } from '@openai/agents';
import { assistantMessage, functionCall, ScriptedModel } from '@openai/agents/testing';
import { z } from 'zod';
import { codeMode } from '../../../host/adapters/openai-agents.ts';
import { isolateSandbox } from '../../../sandbox/index.ts';
import { Held } from '../../support/gates.ts';

const sandbox = isolateSandbox();
after(() => sandbox.close());

const PNG = 'data:image/png;base64,iVBORw0KGgo=';

const add = tool({
  name: 'add',
  description: 'Adds two numbers.',
  parameters: z.object({ a: z.number(), b: z.number() }),
  execute: ({ a, b }) => a + b,
});

type Turn = { readonly exec: object } | { readonly wait: object } | { readonly say: string };

/** A model that takes these turns. */
function modelOf(...turns: readonly Turn[]): ScriptedModel {
  return new ScriptedModel(
    turns.map((turn, index) => {
      if ('say' in turn) return [assistantMessage(turn.say)];
      const [[name, args] = ['', {}]] = Object.entries(turn);
      return [functionCall(name, JSON.stringify(args), { callId: `call-${index}` })];
    }),
  );
}

async function play(
  model: ScriptedModel,
  tools: Awaited<ReturnType<typeof codeMode>>['tools'],
  options: object = {},
) {
  const agent = new Agent({ name: 'test', model, tools: [...tools] });
  const runner = new Runner({ tracingDisabled: true });
  return runner.run(agent, 'go', { context: { user: 'Ada' }, ...options });
}

/** What the model was given as results, as one text for each of its calls. */
function resultsOf(model: ScriptedModel): readonly string[] {
  const { input = [] } = model.calls.at(-1)?.request ?? {};
  return (Array.isArray(input) ? input : [])
    .filter(({ type }) => type === 'function_call_result')
    .map((item) => JSON.stringify(item));
}

describe('codeMode of the OpenAI Agents SDK', () => {
  it('lets a model run programs that call function tools', async () => {
    await using code = codeMode({ sandbox, tools: [add] });
    const source = `text(await tools.add({ a: 20, b: 22 })); image('${PNG}')`;
    const model = modelOf({ exec: { source } }, { say: 'It is 42.' });
    const { finalOutput } = await play(model, code.tools);
    assert.equal(finalOutput, 'It is 42.');
    const [result = ''] = resultsOf(model);
    assert.match(result, /Script completed.*"text":"42"/s);
    assert.ok(result.includes(PNG), result);
    const offered = model.calls[0]?.request.tools ?? [];
    assert.deepEqual(
      offered.map((each) => 'name' in each && each.name),
      ['exec', 'wait'],
    );
    assert.match(JSON.stringify(offered[0]), /add\(args: \{/);
  });

  it('tells the model of wrong arguments, in the program and for exec itself', async () => {
    await using code = codeMode({ sandbox, tools: [add] });
    const model = modelOf(
      { exec: { source: 'await tools.add({ a: 1 })' } },
      { exec: { source: '1', nonsense: 1 } },
      { say: '' },
    );
    await play(model, code.tools);
    const [first = '', second = ''] = resultsOf(model);
    assert.match(first, /Script failed.*- b: is missing/s);
    assert.match(second, /nonsense/);
  });

  it('passes the context of the run on, and continues with wait', async () => {
    const seen: unknown[] = [];
    const who = tool({
      name: 'who',
      description: '',
      parameters: z.object({}),
      execute: (_, context?: RunContext<unknown>) => {
        seen.push(context?.context);
        return 'done';
      },
    });
    await using code = codeMode({ sandbox, tools: [who] });
    const model = modelOf(
      { exec: { source: `text('a'); notify('news'); yield_control(); text(await tools.who({}))` } },
      { wait: { cell_id: '1' } },
      { wait: { cell_id: '1' } },
      { say: '' },
    );
    await play(model, code.tools);
    assert.match(resultsOf(model).join(), /cell ID 1.*news.*done/s);
    assert.deepEqual(seen, [{ user: 'Ada' }]);
  });

  it('terminates the cell that an aborted run waits for', async () => {
    const held = new Held<string>();
    const slow = tool({
      name: 'slow',
      description: '',
      parameters: z.object({}),
      execute: (_, __, details) => held.wait(details?.signal ?? new AbortController().signal),
    });
    await using code = codeMode({ sandbox, tools: [slow] });
    const user = new AbortController();
    const running = play(modelOf({ exec: { source: 'await tools.slow({})' } }), code.tools, {
      signal: user.signal,
    });
    while (held.size === 0) await new Promise((done) => setImmediate(done));
    user.abort();
    await assert.rejects(running);
    assert.deepEqual(await code.session.cells(), []);
  });

  it('fails calls of tools that need approval, and goes on', async () => {
    const pay = tool({
      name: 'pay',
      description: '',
      parameters: z.object({}),
      needsApproval: true,
      execute: () => assert.fail('it was called'),
    });
    await using code = codeMode({ sandbox, tools: [pay] });
    const source = `await tools.pay({}).catch((error) => text(error.message))`;
    const model = modelOf({ exec: { source } }, { say: '' });
    await play(model, code.tools);
    assert.match(resultsOf(model)[0] ?? '', /the tool pay to programs: it needs approval/);
  });

  it('refuses tools with guardrails, and two of one name', () => {
    const guarded = {
      ...add,
      inputGuardrails: [{ type: 'tool_input', name: 'g', run: assert.fail }],
    };
    const invalid = (message: RegExp) => ({ code: 'invalid_argument', message });
    assert.throws(() => codeMode({ sandbox, tools: [guarded] }), invalid(/add.*guardrails/));
    assert.throws(
      () => codeMode({ sandbox, tools: [add, add] }),
      invalid(/two tools are named add/),
    );
  });
});
