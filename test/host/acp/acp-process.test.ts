import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type Loose, startEditor, stdioServer } from '../../support/acp-editor.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { descendants } from '../../support/processes.ts';

const well = ugly('well') as { command: string; args: string[] };
const WELL = [well.command, ...well.args];

for (const version of [1, 2] as const) {
  describe(`cellhost acp, protocol ${version}`, () => {
    afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

    it('gives an agent programs over the servers of its editor', async () => {
      await using editor = await startEditor({ version });
      const session = await editor.newSession([stdioServer(version, 'files', WELL)]);
      const [lists, ran] = await editor.play(
        session,
        { list: true },
        {
          call: 'exec',
          args: {
            source: 'text((await tools.mcp__files__echo({ a: 1 })).structuredContent.args.a)',
          },
        },
      );
      assert.deepEqual(lists, { cellhost: ['exec', 'wait', 'cells'] });
      assert.equal(ran?.texts[1], '1');
      const cards = editor.updates
        .map(({ update }: Loose) => update)
        .filter(({ toolCallId }) => toolCallId?.startsWith('cellhost'));
      assert.deepEqual(
        cards.map(({ title, status }) => [title, status]),
        [
          ['files › echo', 'in_progress'],
          [undefined, 'completed'],
        ],
      );
      assert.deepEqual(cards[0]?.rawInput, { a: 1 });
      assert.equal(cards[0]?._meta.cellhost.parentToolCallId, 'agent-1');
    });
  });
}
