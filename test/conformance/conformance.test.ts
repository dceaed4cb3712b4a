import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { temporaryFile } from '../support/cli-run.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/cellhost.js', import.meta.url));
const FIXTURE = fileURLToPath(new URL('../support/conformance-server.js', import.meta.url));
const SUITE = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')),
  'dist/index.js',
);

const DEPRECATED = 'sampling, roots and logging are deprecated, and not served';
const PUSHED = 'pushed questions need a connection, and over HTTP each request stands alone';
const NO_SUBSCRIPTION = 'single resources cannot be subscribed to';

/** Scored scenarios that fail, and why, by revision. */
const FAILING: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '2026-07-28': {
    'input-required-result-basic-sampling': DEPRECATED,
    'input-required-result-basic-list-roots': DEPRECATED,
    'input-required-result-multiple-input-requests': DEPRECATED,
    'input-required-result-capability-check': DEPRECATED,
  },
  '2025-11-25': {
    'logging-set-level': DEPRECATED,
    'tools-call-with-logging': DEPRECATED,
    'tools-call-sampling': DEPRECATED,
    'tools-call-elicitation': PUSHED,
    'elicitation-sep1034-defaults': PUSHED,
    'elicitation-sep1330-enums': PUSHED,
    'resources-subscribe': NO_SUBSCRIPTION,
    'resources-unsubscribe': NO_SUBSCRIPTION,
  },
};

/** Starts a server that prints its address first. */
async function start(args: readonly string[]) {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, args);
  child.stderr.resume();
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, url: line.toString().trim() };
}

/** The scored scenarios that a server fails and passes. */
async function play(url: string, revision: string) {
  const args = [SUITE, 'server', '--url', url, '--requirements', revision];
  const output = await new Promise<string>((resolve) => {
    // It exits with a failure where a scenario fails, so its output is what counts.
    execFile(process.execPath, args, (_, stdout, stderr) => resolve(stdout + stderr));
  });
  const [played = '', notScored = ''] = output.split('\nNot scored');
  const unscored = new Set([...notScored.matchAll(/^ +[✓✗] (\S+)/gm)].map(([, name]) => name));
  const scored = [...played.matchAll(/^([✓✗]) ([\w-]+): \d/gm)].filter(
    ([, , name]) => !unscored.has(name),
  );
  const names = (mark: string) => scored.flatMap(([, m, name = '']) => (m === mark ? [name] : []));
  return { passed: names('✓').sort(), failed: names('✗').sort() };
}

describe('The conformance suite', () => {
  let fixture: Awaited<ReturnType<typeof start>>;
  let ours: Awaited<ReturnType<typeof start>>;

  before(async () => {
    fixture = await start([FIXTURE]);
    const mcpServers = { fixture: { url: fixture.url, tools: { direct: ['*'] } } };
    const config = await temporaryFile('conformance.json', JSON.stringify({ mcpServers }));
    ours = await start([LAUNCHER, 'mcp', '--config', config, '--listen', 'http:127.0.0.1:0']);
    // The first program runs when the nested server is there.
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(ours.url)));
    await client.callTool({ name: 'exec', arguments: { source: '1' } });
    await client.close();
  });

  after(async () => {
    for (const { child } of [ours, fixture]) {
      child.kill('SIGTERM');
      await once(child, 'close');
    }
  });

  for (const revision of Object.keys(FAILING)) {
    it(`passes all of ${revision} but what is listed, and loses nothing else of a nested server`, async () => {
      const through = await play(ours.url, revision);
      assert.deepEqual(through.failed, Object.keys(FAILING[revision] ?? {}).sort());
      const alone = await play(fixture.url, revision);
      const lost = alone.passed.filter((name) => !through.passed.includes(name));
      assert.deepEqual(lost, []);
      assert.ok(through.passed.length > 15, String(through.passed.length));
    });
  }
});
