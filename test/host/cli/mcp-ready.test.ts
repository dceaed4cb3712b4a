import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf } from '../../support/cli-run.ts';
import { connectMcp, startMcp } from '../../support/mcp-process.ts';

const ROUNDS = 3;

/** The time from the start of the process to its list of tools, in milliseconds. */
async function readyMs(args: readonly string[]): Promise<number> {
  const since = performance.now();
  const server = startMcp(args);
  const { client } = await connectMcp(server);
  assert.equal((await client.listTools()).tools.length, 3);
  const took = performance.now() - since;
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);
  return took;
}

describe('The start of cellhost mcp', () => {
  it('takes as long beside servers that take 20 s, or never start, as without any', async () => {
    const config = ['--config', await configOf('slow', 'silent', 'dies-at-start')];
    const [alone, beside]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      alone.push(await readyMs([]));
      beside.push(await readyMs(config));
    }
    const [least, most] = [Math.min(...alone), Math.min(...beside)];
    // A quiet machine takes 130 to 210 ms for either.
    assert.ok(most < 1.5 * least + 50, `${least} ms alone, ${most} ms beside them`);
  });
});
