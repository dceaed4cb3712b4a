import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { afterEach, describe, it } from 'node:test';
import { Cancelled } from '../../../src/errors.ts';
import { connect, EVERYTHING, invoke, ugly } from '../../support/mcp-servers.ts';
import { descendants, isAlive, untilGone } from '../../support/processes.ts';

describe('connectMcpTools', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('offers the tools of all servers under names of their own', async () => {
    await using mcp = await connect({ one: ugly('well'), 'two.2': ugly('well') });
    const names = mcp.tools.map(({ name }) => name);
    assert.equal(names[0], 'mcp__one__echo');
    assert.ok(names.includes('mcp__two_2__pid'));
    assert.deepEqual(mcp.tools[0], {
      name: 'mcp__one__echo',
      toolName: { name: 'echo', namespace: 'mcp__one__' },
      description: 'does echo',
      inputSchema: { type: 'object' },
      outputSchema: {
        type: 'object',
        properties: {
          content: { type: 'array', items: { type: 'object' } },
          structuredContent: {
            type: 'object',
            properties: { no: { type: 'string' } },
            required: ['no'],
          },
          isError: { type: 'boolean' },
          _meta: { type: 'object' },
        },
        required: ['content'],
        additionalProperties: false,
      },
    });
  });

  it('waits for a server as long as its configuration says', async () => {
    const slow = { ...ugly('slow'), startTimeoutMs: 60 };
    await assert.rejects(connect({ slow }, { startTimeoutMs: 30_000 }), {
      code: 'tool_server_failed',
      message: /did not answer within 60 ms/,
    });
  });

  it('lists all pages', async () => {
    await using one = await connect({ one: ugly('well') });
    await using paged = await connect({ one: ugly('pages') });
    assert.deepEqual(paged.tools, one.tools);
  });

  it('takes the first of two tools with the same name', async () => {
    await using mcp = await connect({ one: ugly('well') });
    const names = mcp.tools.map(({ name }) => name).filter((name) => name.includes('same'));
    assert.deepEqual(names, ['mcp__one__same-name']);
    assert.deepEqual(mcp.warnings, [
      'Tool "same_name" of tool server "one" is left out: "same-name" of "one" has the same name',
    ]);
  });

  it('takes the first of two servers with the same name', async () => {
    await using mcp = await connect({ 'a-b': ugly('no-tools'), 'a.b': ugly('dies-at-start') });
    assert.deepEqual(mcp.tools, []);
    assert.deepEqual(mcp.warnings, [
      'Tool server "a.b" is left out: its tools would have the names of those of "a-b"',
    ]);
  });

  it('does without servers', async () => {
    await using mcp = await connect({});
    assert.deepEqual(mcp.tools, []);
    await assert.rejects(invoke(mcp, 'x'), { code: 'invalid_argument' });
  });

  it('passes over output that is no message', async () => {
    await using mcp = await connect({ one: ugly('chatty') });
    assert.ok(mcp.tools.length > 0);
  });

  it('gives servers their variables, and none of ours but the harmless ones', async (t) => {
    process.env.CELLHOST_TEST_SECRET = 'secret';
    t.after(() => delete process.env.CELLHOST_TEST_SECRET);
    await using mcp = await connect({ all: { command: EVERYTHING, env: { FOO: 'bar' } } });
    const text = JSON.stringify(await invoke(mcp, 'mcp__all__get-env', {}));
    assert.match(text, /FOO/);
    assert.match(text, /PATH/);
    assert.doesNotMatch(text, /CELLHOST_TEST_SECRET/);
  });

  it('closes all others where one does not start', async () => {
    const servers = { good: ugly('well'), bad: ugly('dies-at-start'), slow: ugly('silent') };
    await assert.rejects(connect(servers), (error: Error) => {
      const [head, tail = ''] = error.message.split('standard error:\n');
      assert.equal(head, 'Cannot start tool server "bad": it exited with code 3. The end of its ');
      assert.equal(tail, 'the database is not there');
      return 'code' in error && error.code === 'tool_server_failed';
    });
  });

  it('names a command that does not exist', async () => {
    await assert.rejects(connect({ bad: { command: 'no-such-command' } }), {
      code: 'tool_server_failed',
      message:
        'Cannot start tool server "bad": it could not start: command not found: no-such-command',
    });
  });

  it('names a directory that does not exist', async () => {
    await assert.rejects(connect({ bad: { command: 'node', cwd: '/no/such' } }), {
      message: 'Cannot start tool server "bad": it could not start in /no/such: no directory',
    });
  });

  it('names a command that may not be run', async () => {
    await assert.rejects(connect({ bad: { command: tmpdir() } }), {
      message: `Cannot start tool server "bad": it could not start: permission denied: ${tmpdir()}`,
    });
  });

  it('names a command that the system refuses', async () => {
    const args = ['x'.repeat(4 * 1024 * 1024)];
    await assert.rejects(connect({ bad: { command: 'node', args } }), {
      code: 'tool_server_failed',
      message: /^Cannot start tool server "bad": it failed: .*E2BIG/,
    });
  });

  it('gives up a server that does not answer in time', async () => {
    await assert.rejects(connect({ slow: ugly('silent') }, { startTimeoutMs: 50 }), {
      code: 'tool_server_failed',
      message: 'Cannot start tool server "slow": it did not answer within 50 ms',
    });
  });

  it('gives up the start when it is told to', async () => {
    const controller = new AbortController();
    const reason = new Cancelled('terminate');
    const connected = connect({ slow: ugly('silent') }, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(connected, reason);
    await assert.rejects(connect({ slow: ugly('silent') }, { signal: controller.signal }), reason);
  });

  it('lets others hear what a server writes to standard error', async () => {
    const heard = Promise.withResolvers<readonly string[]>();
    const onStderr = (...args: [string, string]) => heard.resolve(args);
    await using mcp = await connect({ one: ugly('well') }, { onStderr });
    const hanging = invoke(mcp, 'mcp__one__hang');
    hanging.catch(() => {});
    assert.deepEqual(await heard.promise, ['one', 'hanging\n']);
  });
});

describe('McpTools.close', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('ends servers at once, and what they started', async () => {
    const mcp = await connect({ one: ugly('with-child'), two: ugly('well') });
    const { structuredContent } = await invoke(mcp, 'mcp__one__pid');
    const child = Number(structuredContent?.child);
    assert.ok(isAlive(child));
    const startedAt = performance.now();
    await Promise.all([mcp.close(), mcp.close()]);
    assert.ok(performance.now() - startedAt < 900, 'nobody had to be killed');
    await untilGone(child);
  });

  it('kills all stubborn servers after one second', async () => {
    const mcp = await connect({ one: ugly('stubborn'), two: ugly('stubborn') });
    const startedAt = performance.now();
    await mcp.close();
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs > 900 && tookMs < 1900, `it took ${tookMs} ms`);
  });

  it('fails the calls that are under way, and later ones', async () => {
    const mcp = await connect({ one: ugly('well') });
    const hanging = invoke(mcp, 'mcp__one__hang');
    const message = 'Cannot call mcp__one__hang: tool server "one" is closed';
    await Promise.all([assert.rejects(hanging, { message }), mcp.close()]);
    await assert.rejects(invoke(mcp, 'mcp__one__hang'), { message });
  });
});
