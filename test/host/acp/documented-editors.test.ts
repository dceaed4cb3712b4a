import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FAKE_AGENT } from '../../support/acp-editor.ts';
import { read } from '../../support/doc-pages.ts';

const LAUNCHER = fileURLToPath(new URL('../../../bin/cellhost.js', import.meta.url));
const REQUEST = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: 1 } };

interface Documented {
  readonly where: string;
  /** What follows `cellhost`, up to the agent. */
  readonly args: readonly string[];
}

/** The commands that a page gives to Zed, JetBrains IDEs and acpx. */
function commandsOf(page: string): readonly Documented[] {
  const content = read(page);
  const configured = [...content.matchAll(/"command": ("cellhost"), "args": (\[.*?\])/g)]
    .map(([, , args = '[]']): string[] => JSON.parse(args))
    .filter(([command]) => command === 'acp');
  const typed = [...content.matchAll(/acpx --agent 'cellhost (.*?)' exec/g)].map(([, words = '']) =>
    words.split(' '),
  );
  return [...configured, ...typed].map((words) => ({
    where: page,
    args: words.slice(0, words.indexOf('--') + 1),
  }));
}

describe('The documented commands for editors', () => {
  for (const page of ['README.md', 'docs/acp.md']) {
    it(`are those of Zed, JetBrains IDEs and acpx, and start an agent: ${page}`, async () => {
      const commands = commandsOf(page);
      assert.equal(commands.length, 3);
      for (const { args } of commands) {
        const child = spawn(process.execPath, [LAUNCHER, ...args, ...FAKE_AGENT]);
        child.stdin.end(`${JSON.stringify(REQUEST)}\n`);
        const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
        assert.equal(JSON.parse(said.split('\n')[0]!).result?.agentInfo?.name, 'fake-agent');
      }
    });
  }
});
