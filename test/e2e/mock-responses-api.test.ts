import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { startMockResponsesApi } from './mock-responses-api.ts';
import { runningCell, type Scenario } from './scenario-player.ts';
import { type ModelCall, ScriptedModel } from './scripted-model.ts';

const TOOLS = [
  { type: 'custom', name: 'exec' },
  { type: 'function', name: 'wait' },
];

/** Requests a response, and returns its items. */
async function ask(url: string, body: unknown): Promise<readonly Record<string, unknown>[]> {
  const response = await fetch(`${url}/v1/responses`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  const events = (await response.text())
    .split('\n\n')
    .slice(0, -1)
    .map((event) => JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? ''));
  assert.equal(events[0].type, 'response.created');
  assert.equal(events.at(-1).type, 'response.completed');
  return events.slice(1, -1).map(({ item }) => item);
}

const outputOf = (callId: string, output: unknown) => ({
  type: 'custom_tool_call_output',
  call_id: callId,
  output,
});

const twoSteps: Scenario<ModelCall> = {
  name: 'two steps',
  *play(expect) {
    const [first] = yield [{ tool: 'exec', source: 'yield_control()' }];
    expect(first, /^Script running/);
    const [last] = yield [{ tool: 'wait', input: { cell_id: runningCell(first) } }];
    expect(last, 'done');
  },
};

const twoCalls: Scenario<ModelCall> = {
  name: 'two calls',
  *play(expect) {
    const answers = yield [
      { tool: 'exec', source: 'text(1)' },
      { tool: 'exec', source: 'text(2)' },
    ];
    for (const [at, answer] of answers.entries()) expect(answer, String(at + 1));
  },
};

describe('ScriptedModel', () => {
  it('plays scenarios according to the answers, and ends with a message', () => {
    const model = new ScriptedModel([twoSteps, twoCalls]);
    const input: unknown[] = [];
    const respond = (...outputs: readonly unknown[]) => {
      input.push(...outputs);
      return model.respond({ tools: TOOLS, input });
    };
    const items = respond();
    assert.deepEqual(items, [
      {
        type: 'custom_tool_call',
        id: 'item_1',
        call_id: 'call_1',
        name: 'exec',
        input: 'yield_control()',
      },
    ]);
    const header = { type: 'input_text', text: 'Script running with cell ID 7\nOutput:' };
    const [wait] = respond(outputOf('call_1', [header]));
    assert.equal(wait?.type, 'function_call');
    assert.equal(wait?.arguments, '{"cell_id":"7"}');
    assert.equal(respond(outputOf('call_2', 'done')).length, 2);
    assert.ok(!model.wentWell, 'not all is played');
    const [last] = respond(outputOf('call_3', '1'), outputOf('call_4', '2'));
    assert.equal(last?.type, 'message');
    assert.ok(model.wentWell);
    assert.deepEqual(
      model.results.map(({ name, over }) => [name, over]),
      [
        ['two steps', true],
        ['two calls', true],
      ],
    );
  });

  it('reports which answers were wrong or missing', () => {
    const model = new ScriptedModel([twoCalls]);
    model.respond({ tools: TOOLS, input: [] });
    model.respond({ tools: TOOLS, input: [outputOf('call_1', '3')] });
    assert.deepEqual(model.results[0]?.problems, ['Expected "1" in "3"', 'There was no answer']);
    assert.ok(!model.wentWell);
  });

  it('reads a notification of a cell as part of its answer', () => {
    const model = new ScriptedModel([twoCalls]);
    model.respond({ tools: TOOLS, input: [] });
    const input = [outputOf('call_1', 'x'), outputOf('call_1', '1'), outputOf('call_2', '2')];
    model.respond({ tools: TOOLS, input });
    assert.ok(model.wentWell);
  });

  it('finds tools offered in the conversation', () => {
    const model = new ScriptedModel([twoCalls]);
    const offer = { type: 'additional_tools', tools: [{ type: 'namespace', tools: TOOLS }] };
    assert.equal(model.respond({ input: [offer] }).length, 2);
  });

  it('refuses a program that does not offer code mode', () => {
    const model = new ScriptedModel([twoCalls]);
    const tools = [{ type: 'function', name: 'shell' }];
    assert.throws(
      () => model.respond({ tools, input: [] }),
      /the tools offered are function shell$/,
    );
  });
});

describe('The mock of the Responses API', () => {
  it("streams the model's answer, and records its request", async () => {
    const model = new ScriptedModel([twoCalls]);
    await using api = await startMockResponsesApi((body) => model.respond(body));
    const body = { tools: TOOLS, input: [] };
    const items = await ask(api.url, body);
    assert.deepEqual(
      items.map(({ call_id }) => call_id),
      ['call_1', 'call_2'],
    );
    assert.deepEqual(api.requests, [{ path: '/v1/responses', body }]);
    assert.deepEqual(api.problems, []);
  });

  it('refuses other paths, and proxying to other hosts', async () => {
    await using api = await startMockResponsesApi(() => []);
    const { status } = await fetch(`${api.url}/v1/models`);
    assert.equal(status, 404);
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n\r\n');
    assert.match(await text(socket), /^HTTP\/1\.1 403 /);
    assert.deepEqual(api.refused, ['GET /v1/models', 'CONNECT elsewhere.example:443']);
    assert.deepEqual(api.requests, []);
  });

  it('reports why a request could not be answered', async () => {
    await using api = await startMockResponsesApi(() => {
      throw new Error('no script');
    });
    const { status } = await fetch(`${api.url}/v1/responses`, { method: 'POST', body: '{}' });
    assert.equal(status, 400);
    assert.deepEqual(api.problems, ['Error: no script']);
  });

  it('can be closed twice, and with open connections', async () => {
    const api = await startMockResponsesApi(() => []);
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    await once(socket, 'connect');
    const ended = once(
      socket.on('error', () => {}),
      'close',
    );
    await api.close();
    await api.close();
    await ended;
  });
});
