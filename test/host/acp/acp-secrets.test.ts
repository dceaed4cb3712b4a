import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { startEditor } from '../../support/acp-editor.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { programs } from '../../support/processes.ts';

const SECRET = 'a-token-of-the-server';
const KEY = /^CELLHOST_\w+=([0-9a-f]{64})$/;

/** The environment of a process, each variable as `NAME=value`. */
function environment(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
}

describe('Secrets of cellhost acp', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  it('are in the environments of those they are for, and in no argument or log', async () => {
    const { command, args } = ugly('well') as { command: string; args: string[] };
    const env = [{ name: 'SERVER_TOKEN', value: SECRET }];
    await using editor = await startEditor({ args: ['--log-level', 'trace'] });
    const session = await editor.newSession([{ name: 'files', command, args, env }]);
    const source = 'text((await tools.mcp__files__echo({})).structuredContent.name)';
    const [ran] = await editor.play(session, { call: 'exec', args: { source } });
    assert.deepEqual(ran?.texts.slice(1), ['echo']);
    const seen = programs();
    const holders = seen.filter(({ pid }) =>
      environment(pid).some((each) => each.includes(SECRET)),
    );
    assert.deepEqual(
      holders.map((holder) => holder.command.includes('ugly-mcp-server')),
      [true],
    );
    const keys = seen.flatMap(({ pid, command: line }) =>
      environment(pid).flatMap((each) => {
        const key = KEY.exec(each)?.[1];
        return key === undefined ? [] : [{ key, line }];
      }),
    );
    assert.equal(keys.length, 1);
    assert.match(keys[0]!.line, /mcp --attach/);
    const open = [...seen.map(({ command: line }) => line), editor.stderr()].join('\n');
    for (const secret of [SECRET, keys[0]!.key]) assert.ok(!open.includes(secret));
  });
});
