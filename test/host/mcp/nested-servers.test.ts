import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { McpServerConfig } from '../../../host/mcp/mcp-config.ts';
import { NestedServers, type NestedServersOptions } from '../../../host/mcp/nested-servers.ts';
import type { Ask } from '../../../host/mcp/tool-server.ts';
import { type CallResult, toolCall, ugly } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';

const never = new AbortController().signal;

/** Servers that are up as far as they can be, and a way to wait for what happens to them. */
async function started(
  mcpServers: Readonly<Record<string, McpServerConfig>>,
  options: NestedServersOptions = {},
) {
  let onChanged = () => {};
  const nested = new NestedServers({ mcpServers }, { ...options, onChanged: () => onChanged() });
  nested.start();
  await nested.settled();
  /** Resolves when this is so, after a change at the latest. */
  const until = (isSo: () => boolean) =>
    new Promise<void>((resolve) => {
      onChanged = () => isSo() && resolve();
      onChanged();
    });
  const call = async (tool: string, input?: unknown, ask?: Ask) =>
    (await nested.call(toolCall(tool, input), never, { ask })) as CallResult;
  return { nested, until, call };
}

describe('NestedServers', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('starts nothing before it is told to, and can be closed then', async () => {
    const nested = new NestedServers({ mcpServers: { one: ugly('well') } });
    assert.deepEqual(descendants(), []);
    assert.equal(nested.tools.size, 0);
    await nested.close();
    await nested.settled();
  });

  it('offers the tools of those that started, and says why others did not', async () => {
    const { nested, call } = await started({ dead: ugly('dies-at-start'), well: ugly('well') });
    assert.deepEqual(
      nested.servers.map(({ name, problem }) => [name, problem]),
      [
        ['dead', 'exited with code 3'],
        ['well', undefined],
      ],
    );
    assert.equal([...nested.tools.keys()][0], 'mcp__well__echo');
    assert.deepEqual((await call('mcp__well__echo', { a: 1 })).structuredContent, {
      name: 'echo',
      args: { a: 1 },
    });
    await assert.rejects(call('mcp__dead__echo'), { code: 'tool_server_failed' });
    await nested.close();
  });

  it('waits for a server that never answers as long as it is told', async () => {
    const { nested } = await started({ one: ugly('silent') }, { startTimeoutMs: 100 });
    assert.equal(nested.servers[0]?.problem, 'did not answer within 100 ms');
    await nested.close();
  });

  it('keeps the tools of a server that died, fails its calls, and starts it again', async () => {
    const { nested, until, call } = await started({ one: ugly('well'), two: ugly('well') });
    const before = await call('mcp__one__pid');
    await assert.rejects(call('mcp__one__die'), {
      code: 'tool_server_failed',
      message: 'Cannot call mcp__one__die: tool server "one" exited with code 7',
    });
    assert.ok(nested.tools.has('mcp__one__pid'));
    await assert.rejects(call('mcp__one__pid'), { code: 'tool_server_failed' });
    await call('mcp__two__pid');
    await until(() => nested.servers[0]?.problem === undefined);
    const after = await call('mcp__one__pid');
    assert.notEqual(after.structuredContent?.pid, before.structuredContent?.pid);
    await nested.close();
  });

  it('notices that a list of tools changed', async () => {
    const { nested, until, call } = await started({ one: ugly('grows') });
    assert.ok(!nested.tools.has('mcp__one__grown'));
    await call('mcp__one__grow');
    await until(() => nested.tools.has('mcp__one__grown'));
    await call('mcp__one__grown');
    await nested.close();
  });

  it('hands the questions of a server to who made the call', async () => {
    const { nested, call } = await started({ one: ugly('asks') });
    const questions: unknown[] = [];
    const answered = await call('mcp__one__ask', {}, async (question) => {
      questions.push(question.message);
      return { action: 'accept', content: { name: 'Ada' } };
    });
    assert.deepEqual(questions, ['Who are you?']);
    assert.deepEqual(answered.structuredContent, { action: 'accept', content: { name: 'Ada' } });
    const declined = await call('mcp__one__ask', {});
    assert.deepEqual(declined.structuredContent, { action: 'decline' });
    await nested.close();
  });

  it('leaves nothing behind when it is closed while servers start, twice', async () => {
    const nested = new NestedServers({ mcpServers: { a: ugly('silent'), b: ugly('stubborn') } });
    nested.start();
    nested.start();
    await Promise.all([nested.close(), nested.close()]);
    await nested.settled();
    await assert.rejects(nested.call(toolCall('mcp__a__echo'), never), {
      code: 'tool_server_failed',
    });
  });

  it('says once what it leaves out', async () => {
    const messages: string[] = [];
    const { nested } = await started(
      { one: ugly('well') },
      { onMessage: (text) => messages.push(text) },
    );
    void nested.tools;
    void nested.tools;
    assert.equal(messages.filter((text) => text.includes('is left out')).length, 1);
    await nested.close();
  });
});
