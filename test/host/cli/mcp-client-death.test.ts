import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { configOf } from '../../support/cli-run.ts';
import { descendants, untilGone } from '../../support/processes.ts';

const LAUNCHER = fileURLToPath(new URL('../../../bin/cellhost.js', import.meta.url));
const CLIENT = fileURLToPath(new URL('../../support/mcp-client.js', import.meta.url));
/** The promise is 2 s; the rest is for a machine under load. */
const GONE_MS = 4000;

/** What runs in the middle of a program, by the servers that it needs. */
const CASES: Readonly<Record<string, { servers: readonly string[]; sources: readonly string[] }>> =
  {
    'a program that computes': { servers: ['well'], sources: ['yield_control(); for (;;);'] },
    'a call that never returns, at servers that do not want to end': {
      servers: ['well', 'stubborn', 'with-child'],
      sources: [
        'const hanging = tools.mcp__well__hang(); await tools.mcp__well__echo(); yield_control(); await hanging;',
        'await tools.mcp__stubborn__echo({}); yield_control(); await tools.mcp__stubborn__hang()',
      ],
    },
    'three programs at once': {
      servers: ['well'],
      sources: Array.from({ length: 3 }, () => 'yield_control(); await new Promise(() => {})'),
    },
  };

describe('A client that is killed', () => {
  for (const [what, { servers, sources }] of Object.entries(CASES)) {
    it(`takes the server with it and everything below, in the middle of ${what}`, async () => {
      const config = await configOf(...servers);
      const client = spawn(process.execPath, [CLIENT, LAUNCHER, config, ...sources], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(client.stdout, 'data')) as [Buffer];
      assert.equal(line.toString(), 'running\n');
      const tree = descendants();
      assert.ok(tree.length > servers.length + 2, `${tree.length} processes`);
      const since = performance.now();
      client.kill('SIGKILL');
      await Promise.all(tree.map(untilGone));
      assert.ok(performance.now() - since < GONE_MS, 'they end soon');
    });
  }
});
