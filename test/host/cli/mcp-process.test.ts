import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { configOf, temporaryFile } from '../../support/cli-run.ts';
import { answerOf } from '../../support/mcp-face.ts';
import { connectMcp, type McpProcess, startMcp } from '../../support/mcp-process.ts';
import { descendants } from '../../support/processes.ts';

const HANGING =
  'const hanging = tools.mcp__well__hang(); await tools.mcp__well__echo(); yield_control(); await hanging;';
const ECHO = 'text((await tools.mcp__well__echo({ a: 1 })).structuredContent.args.a)';
/** Programs that run at once. */
const CROWD = 50;
/** Sandbox processes that may come after the first crowd: one that helps its session, and one that waits for others. */
const SPARES = 2;
const FILES_OF_A_PROCESS = 6;
const BUSY = 'yield_control(); for (;;);';

/** A server with a running program, a nested call that never returns, and stubborn servers. */
async function atWork(env?: NodeJS.ProcessEnv): Promise<McpProcess> {
  const config = await configOf('well', 'stubborn', 'with-child');
  const server = startMcp(['--config', config], env);
  const { call } = await connectMcp(server);
  assert.match((await call('exec', { source: HANGING })).header, /^Script running/);
  assert.match((await call('exec', { source: BUSY })).header, /^Script running/);
  return server;
}

async function assertCleanEnd({ ended }: McpProcess, sinceMs: number): Promise<void> {
  assert.equal(await ended, 0);
  assert.deepEqual(descendants(), []);
  assert.ok(performance.now() - sinceMs < 4000, 'it ends soon');
}

describe('cellhost mcp', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('lists its tools beside servers that never answer, and writes protocol alone', async () => {
    const config = await configOf('silent', 'chatty', 'dies-at-start');
    const server = startMcp(['--config', config]);
    const { client } = await connectMcp(server, 'modern');
    assert.equal((await client.listTools()).tools.length, 3);
    server.child.stdin.end();
    assert.equal(await server.ended, 0);
    for (const line of (await server.stdout).trimEnd().split('\n')) {
      assert.equal((JSON.parse(line) as { jsonrpc: string }).jsonrpc, '2.0');
    }
  });

  it('costs nothing but itself for a client that only asks who it is', async () => {
    const server = startMcp(['--config', await configOf('well')]);
    await connectMcp(server);
    assert.deepEqual(descendants(), [server.child.pid]);
    server.child.stdin.end();
    assert.equal(await server.ended, 0);
  });

  it('ends with its client', async () => {
    const server = await atWork();
    const since = performance.now();
    server.child.stdin.end();
    await assertCleanEnd(server, since);
  });

  it('ends when its output has no reader', async () => {
    const server = await atWork();
    const since = performance.now();
    server.child.stdout.destroy();
    server.child.stdin.write('{"jsonrpc":"2.0","id":99,"method":"ping"}\n');
    await assertCleanEnd(server, since);
  });

  for (const signals of [['SIGTERM'], ['SIGINT'], ['SIGHUP'], ['SIGTERM', 'SIGINT', 'SIGTERM']]) {
    it(`ends well after ${signals.join(' and ')}`, async () => {
      const server = await atWork();
      const since = performance.now();
      for (const signal of signals) server.child.kill(signal as NodeJS.Signals);
      await assertCleanEnd(server, since);
    });
  }

  it('ends while its servers still start', async () => {
    const server = startMcp(['--config', await configOf('silent', 'stubborn')]);
    const { client } = await connectMcp(server);
    await client.listTools();
    const running = client.callTool({ name: 'exec', arguments: { source: '1' } });
    const since = performance.now();
    server.child.kill('SIGTERM');
    await assert.rejects(running);
    await assertCleanEnd(server, since);
  });

  it('refuses a configuration by the path of what is wrong', async () => {
    const policy = { mcpServers: { a: { command: 'x', tools: { allow: ['y'], deny: ['y'] } } } };
    const config = await temporaryFile('both.json', JSON.stringify(policy));
    const server = startMcp(['--config', config]);
    assert.equal(await server.ended, 2);
    assert.equal(await server.stdout, '');
    assert.match(
      await server.stderr,
      /^cellhost: invalid_config: Cannot use .*both\.json: mcpServers\.a\.tools\.allow\[0\]: "y" is in `deny`, too\n$/,
    );
  });

  it('serves HTTP where its first line says, and ends well with programs at work', async () => {
    const token = await temporaryFile('token.txt', 'secret\n');
    const config = await configOf('well', 'stubborn');
    const listen = ['--listen', 'http:127.0.0.1:0', '--token-file', token];
    const server = startMcp(['--config', config, ...listen]);
    const [line] = (await once(server.child.stdout, 'data')) as [Buffer];
    const url = new URL(line.toString().trim());
    assert.equal(url.pathname, '/mcp');
    assert.equal((await fetch(url, { method: 'POST' })).status, 401);
    const requestInit = { headers: { authorization: 'Bearer secret' } };
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
    const running = client.callTool({ name: 'exec', arguments: { source: BUSY } });
    assert.match(answerOf(await running).header, /^Script running/);
    const since = performance.now();
    server.child.kill('SIGTERM');
    await assertCleanEnd(server, since);
    await client.close();
  });

  it('refuses to listen where it must not, and a token that is none', async () => {
    const empty = await temporaryFile('empty.txt', ' \n');
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [['--listen', 'http:0.0.0.0:0'], /--token-file is needed/],
      [['--listen', 'tcp:127.0.0.1:0'], /accepted are stdio and http:HOST:PORT/],
      [['--listen', 'http:127.0.0.1:0', '--token-file', empty], /\(--token-file\): it is empty/],
      [['--token-file', '/nowhere'], /Cannot read \/nowhere \(--token-file\)/],
    ];
    for (const [args, problem] of refused) {
      const server = startMcp(args);
      assert.equal(await server.ended, 2);
      assert.equal(await server.stdout, '');
      assert.match(await server.stderr, problem);
    }
  });

  it('leaves no process, handle or file behind after 1,000 programs', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'cellhost-mcp-'));
    const server = startMcp(['--config', await configOf('well')], { TMPDIR: folder });
    t.after(() => server.child.kill('SIGKILL'));
    const { call } = await connectMcp(server);
    const runMany = async (count: number) => {
      for (let left = count; left > 0; left -= CROWD) {
        const answers = await Promise.all(
          Array.from({ length: CROWD }, () => call('exec', { source: ECHO })),
        );
        for (const { texts } of answers) assert.deepEqual(texts, ['1']);
      }
    };
    // Processes and what is kept open for each come with the first crowd.
    await runMany(CROWD);
    const before = held(server.child.pid!);
    await runMany(1000);
    const after = held(server.child.pid!);
    const more = after.processes - before.processes;
    assert.ok(more <= SPARES, `${more} processes more`);
    const bound = before.files + Math.max(0, more) * FILES_OF_A_PROCESS;
    assert.ok(after.files <= bound, `${before.files} open files before, ${after.files} after`);
    assert.deepEqual(readdirSync(folder), []);
    assert.equal((await call('cells')).header, 'No program is running');
    server.child.stdin.end();
    assert.equal(await server.ended, 0);
    assert.deepEqual(readdirSync(folder), []);
    rmSync(folder, { recursive: true });
  });
});

/** How many processes are below this one, and how many files a process has open. */
function held(pid: number) {
  const open = `/proc/${pid}/fd`;
  return {
    processes: descendants().length,
    files: existsSync(open) ? readdirSync(open).length : 0,
  };
}
