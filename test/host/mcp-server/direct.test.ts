import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Client } from '@modelcontextprotocol/client';
import { connectFace, ERAS, type Era } from '../../support/mcp-face.ts';
import { EVERYTHING, ugly } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';

const FIXTURE = fileURLToPath(new URL('../../support/conformance-server.js', import.meta.url));
const ALL = { direct: ['*'] };
const FORMS = { capabilities: { elicitation: { form: {} } } };

/** A server over HTTP whose tools and prompts ask. */
async function startFixture() {
  const child = spawn(process.execPath, [FIXTURE], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: line.toString().trim(),
    [Symbol.asyncDispose]: async () => {
      const closed = once(child, 'close');
      child.kill();
      await closed;
    },
  };
}

for (const era of Object.keys(ERAS) as Era[]) {
  describe(`Direct tools, ${era} era`, () => {
    afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

    it('are listed behind ours under their own names where they can be', async () => {
      await using face = await connectFace(era, {
        one: { ...ugly('well'), tools: { direct: ['echo', 'fail'] } },
        two: { ...ugly('asks'), tools: { direct: ['echo', 'ask', 'pid'], deny: ['pid'] } },
      });
      const { structuredContent } = await face.client.callTool({
        name: 'two__echo',
        arguments: { a: 1 },
      });
      assert.deepEqual(structuredContent, { name: 'echo', args: { a: 1 } });
      const { content, isError } = await face.client.callTool({ name: 'fail' });
      assert.deepEqual([content, isError], [[{ type: 'text', text: 'it failed' }], true]);
      const { tools } = await face.client.listTools(undefined, { cacheMode: 'refresh' });
      assert.deepEqual(
        tools.map(({ name }) => name),
        ['exec', 'wait', 'cells', 'one__echo', 'fail', 'two__echo', 'ask'],
      );
      await assert.rejects(face.client.callTool({ name: 'pid' }), { code: -32602 });
    });

    it('pass on what a server refuses a call with, and say when it is gone', async () => {
      await using face = await connectFace(era, { one: { ...ugly('well'), tools: ALL } });
      await assert.rejects(face.client.callTool({ name: 'refuse' }), {
        code: -32602,
        message: /it was refused/,
      });
      const dead = await face.call('die');
      assert.match(dead.header, /tool server "one" exited with code 7/);
      assert.equal(dead.isError, true);
    });

    it('are asked for, and ask, as in programs', async () => {
      const messages: string[] = [];
      await using face = await connectFace(
        era,
        { one: { ...ugly('asks'), tools: { direct: ['*'], ask: ['echo'] } } },
        FORMS,
        (client) =>
          client.setRequestHandler('elicitation/create', async ({ params: { message } }) => {
            messages.push(message);
            return { action: 'accept', content: { decision: 'allow', name: 'Ada' } };
          }),
      );
      const echo = await face.client.callTool({ name: 'echo', arguments: { a: 1 } });
      assert.deepEqual(echo.structuredContent, { name: 'echo', args: { a: 1 } });
      const asked = await face.client.callTool({ name: 'ask' });
      assert.deepEqual(asked.structuredContent, {
        action: 'accept',
        content: { decision: 'allow', name: 'Ada' },
      });
      assert.equal(messages.length, 2);
    });

    it('come with prompts that ask a person before they answer', async () => {
      await using fixture = await startFixture();
      const messages: string[] = [];
      const prepare = (client: Client) =>
        client.setRequestHandler('elicitation/create', async ({ params: { message } }) => {
          messages.push(message);
          return { action: 'accept', content: { context: 'tests' } };
        });
      const servers = { one: { url: fixture.url, tools: ALL } };
      await using face = await connectFace(era, servers, FORMS, prepare);
      await face.call('exec', { source: '1' });
      const prompt = { name: 'test_input_required_result_prompt' };
      assert.deepEqual((await face.client.getPrompt(prompt)).messages, [
        { role: 'user', content: { type: 'text', text: 'Thanks.' } },
      ]);
      assert.deepEqual(messages, ['Tool server "one" asks: What is it about?']);
      await using unasked = await connectFace(era, servers);
      await unasked.call('exec', { source: '1' });
      await assert.rejects(unasked.client.getPrompt(prompt), /nobody said what it is about/);
    });

    it('are denied where nobody can be asked', async () => {
      await using face = await connectFace(era, {
        one: { ...ugly('asks'), tools: { direct: ['*'], ask: ['echo'] } },
      });
      const echo = await face.call('echo');
      assert.match(echo.header, /this client cannot ask one/);
      assert.equal(echo.isError, true);
    });

    it('are cancelled at their server with the call', async () => {
      await using face = await connectFace(era, { one: { ...ugly('well'), tools: ALL } });
      const controller = new AbortController();
      const hanging = face.client.callTool({ name: 'hang' }, { signal: controller.signal });
      // Calls are made in order, so the other one is at the server by now.
      await face.client.callTool({ name: 'echo' });
      controller.abort();
      await assert.rejects(hanging);
      const { structuredContent } = await face.client.callTool({ name: 'cancelled' });
      assert.deepEqual(structuredContent, { count: 1 });
    });

    it('come with resources, prompts and completions, and with progress', async () => {
      await using face = await connectFace(era, { all: { command: EVERYTHING, tools: ALL } });
      await face.call('exec', { source: '1' });
      const { client } = face;
      const { resources } = await client.listResources();
      const document = resources.find(({ uri }) => uri.startsWith('demo:'));
      assert.ok(document !== undefined);
      const { contents } = await client.readResource({ uri: document.uri });
      assert.equal(contents[0]?.uri, document.uri);
      const { resourceTemplates } = await client.listResourceTemplates();
      assert.ok(resourceTemplates.length > 1);
      const { prompts } = await client.listPrompts();
      const simple = prompts.find(({ name }) => name === 'simple-prompt');
      assert.ok(simple !== undefined);
      assert.ok((await client.getPrompt({ name: 'simple-prompt' })).messages.length > 0);
      await assert.rejects(client.getPrompt({ name: 'none' }), /none not found/);
      await assert.rejects(client.readResource({ uri: 'demo://none' }));
      const progress: number[] = [];
      await client.callTool(
        { name: 'trigger-long-running-operation', arguments: { duration: 0.2, steps: 2 } },
        { onprogress: (report) => void progress.push(report.progress) },
      );
      assert.ok(progress.length > 0);
    });
  });
}

describe('Without direct tools', () => {
  it('only ours are listed, and no prompts', async () => {
    await using face = await connectFace('legacy', { all: { command: EVERYTHING } });
    await face.call('exec', { source: '1' });
    const { tools } = await face.client.listTools(undefined, { cacheMode: 'refresh' });
    assert.equal(tools.length, 3);
    assert.equal(face.client.getServerCapabilities()?.prompts, undefined);
    const { resources } = await face.client.listResources();
    assert.deepEqual(
      resources.map(({ uri }) => uri),
      ['cellhost://cells/1/output'],
    );
  });
});
