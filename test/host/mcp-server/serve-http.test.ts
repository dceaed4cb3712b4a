import assert from 'node:assert/strict';
import { request } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import {
  Client,
  type ClientOptions,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import type { McpServerConfig } from '../../../host/mcp/mcp-config.ts';
import { LazyBackend } from '../../../host/mcp-server/lazy-backend.ts';
import { type HttpPlace, serveHttp } from '../../../host/mcp-server/serve-http.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { type Answer, answerOf, ERAS, type Era } from '../../support/mcp-face.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';

/** A face over HTTP on a free port, and clients of it. */
async function serve(
  mcpServers: Readonly<Record<string, McpServerConfig>> = {},
  place: Partial<HttpPlace> = {},
) {
  const backend = new LazyBackend({
    config: { mcpServers },
    openSandbox: async () => processSandbox(),
    onMessage: () => {},
  });
  const where = { host: '127.0.0.1', port: 0, isLoopback: true, token: undefined, ...place };
  const served = await serveHttp(where, backend, '1.2.3');
  const base = `http://127.0.0.1:${served.port}`;
  const clients: Client[] = [];
  return {
    base,
    connect: async (era: Era, path = '/mcp', options: ClientOptions = {}, headers = {}) => {
      const versionNegotiation = { mode: ERAS[era] };
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation, ...options });
      clients.push(client);
      const requestInit = { headers };
      await client.connect(new StreamableHTTPClientTransport(new URL(path, base), { requestInit }));
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await Promise.all([served.close(), backend.close()]);
    },
  };
}

type Options = Parameters<Client['callTool']>[1];

async function call(client: Client, name: string, args = {}, options?: Options): Promise<Answer> {
  return answerOf(await client.callTool({ name, arguments: args }, options));
}

const cellIdIn = ({ header }: Answer) => /cell ID (\S+)/.exec(header)?.[1] ?? '';

/** The status of a bare request. */
function statusOf(url: string, headers: Record<string, string>, body = '{}'): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const JSON_TYPE = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

for (const era of Object.keys(ERAS) as Era[]) {
  describe(`serveHttp, ${era} era`, () => {
    afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

    it('runs a program, and keeps its session from request to request', async () => {
      await using served = await serve({ one: ugly('well') });
      const client = await served.connect(era);
      await call(client, 'exec', { source: "store('a', 1)" });
      const { texts } = await call(client, 'exec', {
        source:
          "text(load('a')); text((await tools.mcp__one__echo({ b: 2 })).structuredContent.args)",
      });
      assert.deepEqual(texts, ['1', '{"b":2}']);
    });

    it('keeps the cells of addresses apart, under ids that nobody can guess', async () => {
      await using served = await serve({ one: ugly('well') });
      const clients = await Promise.all(
        Array.from({ length: 10 }, (_, at) => served.connect(era, `/mcp/key-${at}`)),
      );
      const source = 'yield_control(); await new Promise(() => {})';
      const ids = await Promise.all(
        clients.map(async (client) => cellIdIn(await call(client, 'exec', { source }))),
      );
      assert.equal(new Set(ids).size, 10);
      for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
      for (const [at, client] of clients.entries()) {
        const foreign = await call(client, 'wait', { cell_id: ids[(at + 1) % 10] });
        assert.match(foreign.texts[0] ?? '', /not found: no cell of this session has this ID$/);
        assert.match((await call(client, 'cells')).header, /^Running programs: 1\n/);
        const { resources } = await client.listResources();
        assert.equal(resources.length, 1);
      }
      const other = clients[1]?.readResource({ uri: `cellhost://cells/${ids[0]}/output` });
      await assert.rejects(other ?? Promise.resolve());
    });

    it('terminates the cell of a call that is cancelled', async () => {
      await using served = await serve({ one: ugly('well') });
      const client = await served.connect(era);
      const controller = new AbortController();
      const begun = Promise.withResolvers<void>();
      const running = call(
        client,
        'exec',
        { source: 'await tools.mcp__one__hang()' },
        { signal: controller.signal, onprogress: () => begun.resolve() },
      );
      await begun.promise;
      controller.abort();
      await assert.rejects(running);
      const source = `let count = 0;
        while (count === 0) count = (await tools.mcp__one__cancelled()).structuredContent.count;
        text(count)`;
      assert.deepEqual((await call(client, 'exec', { source })).texts, ['1']);
      assert.equal((await call(client, 'cells')).header, 'No program is running');
    });
  });
}

describe('serveHttp', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('asks over the modern era, and denies over the older one', async () => {
    await using served = await serve({ one: { ...ugly('well'), tools: { ask: ['echo'] } } });
    const options = { capabilities: { elicitation: { form: {} } } };
    const source = 'text((await tools.mcp__one__echo({ a: 1 })).structuredContent.args)';
    const modern = await served.connect('modern', '/mcp', options);
    modern.setRequestHandler('elicitation/create', () => ({
      action: 'accept',
      content: { decision: 'allow' },
    }));
    assert.deepEqual((await call(modern, 'exec', { source })).texts, ['{"a":1}']);
    const legacy = await served.connect('legacy', '/mcp', options);
    assert.match((await call(legacy, 'exec', { source })).texts[0] ?? '', /cannot ask one/);
  });

  it('says on a listening stream that the tools changed', async () => {
    await using served = await serve({ one: ugly('grows') });
    const changed = Promise.withResolvers<void>();
    const listChanged = { tools: { autoRefresh: false, onChanged: () => changed.resolve() } };
    const client = await served.connect('modern', '/mcp', { listChanged });
    await client.listTools();
    await changed.promise;
  });

  it('refuses strangers', async () => {
    await using served = await serve();
    const url = `${served.base}/mcp`;
    assert.equal(await statusOf(url, { ...JSON_TYPE, host: 'evil.example' }), 403);
    assert.equal(await statusOf(url, { ...JSON_TYPE, origin: 'https://evil.example' }), 403);
    assert.equal(await statusOf(url, { ...JSON_TYPE, origin: 'null' }), 403);
    assert.equal(await statusOf(`${served.base}/`, JSON_TYPE), 404);
    assert.equal(await statusOf(`${served.base}/mcp/a/b`, JSON_TYPE), 404);
    assert.equal(await statusOf(`${served.base}/mcp/${'a'.repeat(65)}`, JSON_TYPE), 404);
    assert.equal(await statusOf(url, { 'content-type': 'text/plain' }), 415);
    const large = JSON.stringify({ a: 'x'.repeat(4 * 1024 * 1024) });
    assert.equal(await statusOf(url, JSON_TYPE, large), 413);
  });

  it('wants its token, if it has one', async () => {
    await using served = await serve({}, { token: 'secret' });
    const url = `${served.base}/mcp`;
    assert.equal(await statusOf(url, JSON_TYPE), 401);
    assert.equal(await statusOf(url, { ...JSON_TYPE, authorization: 'Bearer wrong' }), 401);
    const headers = { authorization: 'Bearer secret' };
    const client = await served.connect('modern', '/mcp', {}, headers);
    assert.equal((await client.listTools()).tools.length, 3);
  });

  it('refuses pages of other places where others can connect, whatever the host is called', async () => {
    await using served = await serve({}, { isLoopback: false, token: 'secret' });
    const url = `${served.base}/mcp`;
    const headers = { ...JSON_TYPE, authorization: 'Bearer secret', host: 'box.example' };
    assert.equal(await statusOf(url, { ...headers, origin: 'https://evil.example' }), 403);
    assert.equal(await statusOf(url, { ...headers, origin: 'null' }), 403);
    assert.notEqual(await statusOf(url, { ...headers, origin: 'https://box.example' }), 403);
    assert.notEqual(await statusOf(url, headers), 403);
  });
});
