import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { startEditor } from '../../support/acp-editor.ts';
import { startCli } from '../../support/cli-run.ts';
import { connectMcp, startMcp } from '../../support/mcp-process.ts';
import { descendants } from '../../support/processes.ts';

const SOURCE = `text(typeof URL === 'function' ? new URL('../b', 'https://x/a/c').href : 'no URL')`;
const HREF = 'https://x/b';
const BOTH = [
  { argv: ['--globals', 'web'], shown: HREF, isTold: true },
  { argv: ['--globals', 'standard'], shown: 'no URL', isTold: false },
  { argv: [], shown: 'no URL', isTold: false },
];

for (const { argv, shown, isTold } of BOTH) {
  describe(`The globals of programs with ${argv.join(' ') || 'no option'}`, () => {
    afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

    it('are those of cellhost run', async () => {
      const { exitCode, stdout } = startCli(['run', '-e', SOURCE, ...argv]);
      assert.equal(await exitCode, 0);
      assert.equal(stdout.text().trim(), shown);
    });

    it('are those of cellhost mcp, which tells the client', async () => {
      const server = startMcp(argv);
      const { client, call } = await connectMcp(server);
      const isInDescription = async () => {
        const [exec] = (await client.listTools()).tools;
        return exec?.description?.includes('`URLSearchParams`');
      };
      // Before the rest of the server is loaded, and after it.
      assert.equal(await isInDescription(), isTold);
      assert.deepEqual((await call('exec', { source: SOURCE })).texts, [shown]);
      assert.equal(await isInDescription(), isTold);
      server.child.stdin.end();
      assert.equal(await server.ended, 0);
    });

    it('are those of cellhost acp', async () => {
      await using editor = await startEditor({ args: argv });
      const exec = { call: 'exec', args: { source: SOURCE } };
      const [ran] = await editor.play(await editor.newSession(), exec);
      assert.deepEqual(ran?.texts.slice(1), [shown]);
    });
  });
}

describe('The option --globals', () => {
  it('takes the two sets alone, and is no option of a host, whose clients choose', async () => {
    const wrong = startCli(['run', '-e', '1', '--globals', 'node']);
    assert.equal(await wrong.exitCode, 2);
    assert.match(
      wrong.stderr.text(),
      /argument 'node' is invalid. Allowed choices are standard, web/,
    );
    const host = startCli(['serve', '--globals', 'web']);
    assert.equal(await host.exitCode, 2);
    assert.match(host.stderr.text(), /unknown option '--globals'/);
  });
});
