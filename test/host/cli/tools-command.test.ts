import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, startCli, temporaryFile } from '../../support/cli-run.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';

describe('cellhost tools', () => {
  it('prints the declarations of all tools and ends the servers', async () => {
    const { exitCode, stdout, stderr } = startCli(['tools', '--config', await configOf('well')]);
    assert.equal(await exitCode, 0);
    assert.match(stdout.text(), /^Types of MCP tool results:\n```ts\n/);
    assert.match(
      stdout.text(),
      /^### `mcp__well__echo`\ndoes echo\n\nexec tool declaration:\n```ts\ndeclare const tools: \{ mcp__well__echo\(args: \{/m,
    );
    assert.match(stderr.text(), /^warning: Tool "same_name" of tool server "well" is left out/m);
    assert.deepEqual(descendants(), []);
  });

  it('leaves out what the configuration disables and denies', async () => {
    const { command, args } = ugly('well') as { command: string; args: readonly string[] };
    const mcpServers = {
      off: { ...ugly('dies-at-start'), disabled: true },
      on: { command: `\${NODE_OF_TEST:-${command}}`, args, tools: { allow: ['pid'] } },
    };
    const path = await temporaryFile('disabled.json', JSON.stringify({ mcpServers }));
    const { exitCode, stdout } = startCli(['tools', '--config', path]);
    assert.equal(await exitCode, 0);
    assert.deepEqual(stdout.text().match(/^### .*/gm), ['### `mcp__on__pid`']);
  });

  it('says that there are none', async () => {
    const path = await temporaryFile('none.json', '{"mcpServers":{}}');
    const { exitCode, stdout, stderr } = startCli(['tools', '--config', path]);
    assert.equal(await exitCode, 0);
    assert.equal(stdout.text(), '');
    assert.equal(stderr.text(), 'note: the configured servers have no tools\n');
  });

  it('names the variable that is not set', async () => {
    const content = '{"mcpServers":{"a":{"command":"x","env":{"KEY":"${NO_SUCH_VARIABLE}"}}}}';
    const path = await temporaryFile('unset.json', content);
    const { exitCode, stderr } = startCli(['tools', '--config', path]);
    assert.equal(await exitCode, 2);
    assert.match(
      stderr.text(),
      /mcpServers\.a\.env\.KEY: the environment variable NO_SUCH_VARIABLE/,
    );
  });

  it('fails with a server that does, and with what it wrote', async () => {
    const path = await configOf('dies-at-start');
    const { exitCode, stdout, stderr } = startCli(['tools', '--config', path]);
    assert.equal(await exitCode, 2);
    assert.equal(stdout.text(), '');
    assert.match(stderr.text(), /^cellhost: .*"dies-at-start"/);
    assert.deepEqual(descendants(), []);
  });

  it('ends the servers when it is interrupted', async () => {
    const run = startCli(['tools', '--config', await configOf('silent'), '--verbose']);
    while (descendants().length === 0) await new Promise((resolve) => setImmediate(resolve));
    run.signals.emit('SIGINT');
    assert.equal(await run.exitCode, 130);
    assert.deepEqual(descendants(), []);
  });

  it('needs a configuration', async () => {
    const refused = startCli(['tools']);
    assert.equal(await refused.exitCode, 2);
    assert.match(refused.stderr.text(), /required option '--config <path>' not specified/);
  });
});
