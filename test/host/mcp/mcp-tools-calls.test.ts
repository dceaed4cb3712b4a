import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { Cancelled } from '../../../src/errors.ts';
import { connect, EVERYTHING, invoke, ugly } from '../../support/mcp-servers.ts';
import { descendants, untilGone } from '../../support/processes.ts';

describe('McpTools.invokeTool', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('calls tools of the reference server', async () => {
    await using mcp = await connect({ all: { command: EVERYTHING } });
    const results = await Promise.all([
      invoke(mcp, 'mcp__all__echo', { message: 'hello' }),
      invoke(mcp, 'mcp__all__get-sum', { a: 1, b: 2 }),
      invoke(mcp, 'mcp__all__get-structured-content', { location: 'Chicago' }),
    ]);
    assert.deepEqual(results[0], { content: [{ type: 'text', text: 'Echo: hello' }] });
    assert.deepEqual(results[1], { content: [{ type: 'text', text: 'The sum of 1 and 2 is 3.' }] });
    assert.ok('structuredContent' in results[2]);
  });

  it('keeps images as content', async () => {
    await using mcp = await connect({ all: { command: EVERYTHING } });
    const { content } = await invoke(mcp, 'mcp__all__get-tiny-image', {});
    const image = content.find(({ type }) => type === 'image');
    assert.equal(image?.mimeType, 'image/png');
    assert.match(String(image?.data), /^iVBOR/);
  });

  it('hands a result on as it is, even where it breaks its schema', async () => {
    await using mcp = await connect({ one: ugly('well') });
    const result = await invoke(mcp, 'mcp__one__echo', { a: [1] });
    const structuredContent = { name: 'echo', args: { a: [1] } };
    assert.deepEqual(result, { content: [], structuredContent, extra: 1 });
  });

  it('rejects a result that is none, and says why', async () => {
    await using mcp = await connect({ one: ugly('malformed') });
    await assert.rejects(invoke(mcp, 'mcp__one__malformed'), {
      code: 'tool_server_failed',
      message: /tool server "one" failed: Invalid result for tools\/call: .*content/s,
    });
    assert.ok('structuredContent' in (await invoke(mcp, 'mcp__one__echo')));
  });

  it('gives a failure of the tool as a result', async () => {
    await using mcp = await connect({ one: ugly('well') });
    const content = [{ type: 'text', text: 'it failed' }];
    assert.deepEqual(await invoke(mcp, 'mcp__one__fail'), { content, isError: true });
  });

  it('rejects where the server refuses the call', async () => {
    await using mcp = await connect({ one: ugly('well') });
    await assert.rejects(invoke(mcp, 'mcp__one__refuse'), { message: /it was refused/ });
  });

  it('sends no arguments where the program gave none', async () => {
    await using mcp = await connect({ one: ugly('well') });
    const { structuredContent } = await invoke(mcp, 'mcp__one__echo');
    assert.deepEqual(structuredContent, { name: 'echo', args: null });
  });

  it('refuses arguments that are no object', async () => {
    await using mcp = await connect({ one: ugly('well') });
    for (const input of [null, 'text', 3, [1]]) {
      await assert.rejects(invoke(mcp, 'mcp__one__echo', input), {
        code: 'invalid_argument',
        message: 'tool `mcp__one__echo` expects a JSON object for arguments',
      });
    }
  });

  it('tells the server that a call is cancelled', async () => {
    const hanging = Promise.withResolvers<void>();
    await using mcp = await connect({ one: ugly('well') }, { onStderr: () => hanging.resolve() });
    const controller = new AbortController();
    const call = invoke(mcp, 'mcp__one__hang', {}, controller.signal);
    await hanging.promise;
    const reason = new Cancelled('terminate');
    controller.abort(reason);
    await assert.rejects(call, reason);
    const { structuredContent } = await invoke(mcp, 'mcp__one__cancelled');
    assert.deepEqual(structuredContent, { count: 1 });
    await assert.rejects(invoke(mcp, 'mcp__one__echo', {}, controller.signal), reason);
  });

  it('fails the calls of a server that dies, and later ones, by its name', async () => {
    await using mcp = await connect({ one: ugly('well'), two: ugly('well') });
    const hanging = invoke(mcp, 'mcp__one__hang');
    const dying = invoke(mcp, 'mcp__one__die');
    const lost = (tool: string) => ({
      code: 'tool_server_failed',
      message: `Cannot call mcp__one__${tool}: tool server "one" exited with code 7`,
    });
    await Promise.all([assert.rejects(hanging, lost('hang')), assert.rejects(dying, lost('die'))]);
    await assert.rejects(invoke(mcp, 'mcp__one__echo'), lost('echo'));
    assert.ok(await invoke(mcp, 'mcp__two__echo'));
  });

  it('notices the death of a server whose child lives on', async () => {
    await using mcp = await connect({ one: ugly('with-child') });
    const { structuredContent } = await invoke(mcp, 'mcp__one__pid');
    await assert.rejects(invoke(mcp, 'mcp__one__die'), { code: 'tool_server_failed' });
    await untilGone(Number(structuredContent?.child));
  });
});
