import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { cardsOf, startEditor, stdioServer } from '../../support/acp-editor.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { descendants, programs } from '../../support/processes.ts';

const commandOf = (behaviour: string) => {
  const { command, args } = ugly(behaviour) as { command: string; args: string[] };
  return [command, ...args];
};
const ECHO = 'text((await tools.mcp__files__echo({ a: 1 })).structuredContent.args.a)';
const exec = (source: string) => ({ call: 'exec', args: { source } });

for (const version of [1, 2] as const) {
  const well = (name: string) => stdioServer(version, name, commandOf('well'));

  describe(`cellhost acp, protocol ${version}`, () => {
    afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

    it('gives an agent programs over the servers of its editor, and shows their calls', async () => {
      await using editor = await startEditor({ version });
      const session = await editor.newSession([well('files'), well('more')]);
      const both = `${ECHO}; text((await tools.mcp__more__echo({})).structuredContent.name)`;
      const [lists, ran] = await editor.play(session, { list: true }, exec(both));
      assert.deepEqual(lists, { cellhost: ['exec', 'wait', 'cells'] });
      assert.deepEqual(ran?.texts.slice(1), ['1', 'echo']);
      const cards = cardsOf(editor);
      const shown = cards.map(({ sessionUpdate, title, status }) => [sessionUpdate, title, status]);
      const made = version === 2 ? 'tool_call_update' : 'tool_call';
      assert.deepEqual(shown, [
        [made, 'files › echo', 'in_progress'],
        ['tool_call_update', undefined, 'completed'],
        [made, 'more › echo', 'in_progress'],
        ['tool_call_update', undefined, 'completed'],
      ]);
      assert.deepEqual(cards[0]?.rawInput, { a: 1 });
      // The card of the agent with the same source.
      assert.deepEqual(cards[0]?._meta.cellhost, { cellId: '1', parentToolCallId: 'agent-1' });
    });

    it('takes the parent of a card from the request, if it says one', async () => {
      await using editor = await startEditor({ version, agentArgs: ['--named'] });
      const session = await editor.newSession([well('files')]);
      await editor.play(session, exec(ECHO));
      assert.equal(cardsOf(editor)[0]?._meta.cellhost.parentToolCallId, 'agent-1');
    });

    it('leaves servers with the agent that should stay', async () => {
      await using editor = await startEditor({ version, args: ['--keep', 'more'] });
      const session = await editor.newSession([well('files'), well('more')]);
      const [lists] = await editor.play(session, { list: true });
      assert.deepEqual(Object.keys(lists!), ['more', 'cellhost']);
    });

    it('keeps cells and values over prompts, and two sessions apart', async () => {
      await using editor = await startEditor({ version });
      const one = await editor.newSession([well('files')]);
      const other = await editor.newSession([well('files')]);
      const yielding = 'store("k", 7); yield_control(); await tools.mcp__files__hang()';
      const [began] = await editor.play(one, exec(yielding));
      assert.match(began?.texts[0], /^Script running with cell ID 1/);
      const [waited, loaded] = await editor.play(
        one,
        { call: 'wait', args: { cell_id: '1', yield_time_ms: 250, terminate: true } },
        exec('text(String(load("k")))'),
      );
      assert.match(waited?.texts[0], /^Script terminated/);
      // A terminated cell keeps nothing; the first program of the other session has the same number.
      assert.deepEqual(loaded?.texts.slice(1), ['undefined']);
      await editor.play(one, exec('store("k", 8)'));
      const [foreign] = await editor.play(other, exec('text(String(load("k")))'));
      assert.deepEqual(foreign?.texts.slice(1), ['undefined']);
      const [own] = await editor.play(one, exec('text(String(load("k")))'));
      assert.deepEqual(own?.texts.slice(1), ['8']);
    });

    it('ends all cells when the editor stops the session, and keeps values', async () => {
      await using editor = await startEditor({ version, agentArgs: ['--named'] });
      const session = await editor.newSession([well('files')]);
      await editor.play(
        session,
        exec('store("k", 1)'),
        exec('yield_control(); await tools.mcp__files__hang()'),
      );
      const prompted = editor.play(session, exec('await tools.mcp__files__hang()'));
      await editor.until(
        ({ update }) => update.title === 'files › hang' && update._meta.cellhost.cellId === '3',
      );
      editor.notify('session/cancel', { sessionId: session });
      await prompted;
      const [cells, loaded] = await editor.play(
        session,
        { call: 'cells' },
        exec('text(load("k"))'),
      );
      assert.deepEqual(cells?.texts, ['No program is running']);
      assert.deepEqual(loaded?.texts.slice(1), ['1']);
    });

    it('keeps cells and values when a session is loaded again, behind a new key', async () => {
      await using editor = await startEditor({ version });
      const session = await editor.newSession([well('files')]);
      await editor.play(session, exec('store("k", 5)'));
      const method = version === 2 ? 'session/resume' : 'session/load';
      const again = { sessionId: session, cwd: process.cwd(), mcpServers: [well('files')] };
      await editor.request(method, again);
      const [lists, loaded] = await editor.play(
        session,
        { list: true },
        exec(`text(load("k")); ${ECHO}`),
      );
      assert.deepEqual(Object.keys(lists!), ['cellhost']);
      assert.deepEqual(loaded?.texts.slice(1), ['5', '1']);
      // Servers that were not there at first are the agent's.
      await editor.request(method, { ...again, mcpServers: [well('files'), well('late')] });
      const [more] = await editor.play(session, { list: true });
      assert.deepEqual(Object.keys(more!), ['late', 'cellhost']);
    });

    it('serves over HTTP if that is chosen, behind a token, and only agents that take it', async () => {
      const args = ['--transport', 'http'];
      for (const agentArgs of [['--http'], []]) {
        await using editor = await startEditor({ version, args, agentArgs });
        const session = await editor.newSession([well('files')]);
        const isAttached = programs().some(({ command }) => command.includes('--attach'));
        assert.equal(isAttached, agentArgs.length === 0);
        const [ran] = await editor.play(session, exec(ECHO));
        assert.deepEqual(ran?.texts.slice(1), ['1']);
        await editor.request('session/close', { sessionId: session });
      }
    });

    it('opens a session whose servers do not start, and tells the next program and the log', async () => {
      await using editor = await startEditor({ version });
      const missing = stdioServer(version, 'gone', ['/nowhere/at/all']);
      const session = await editor.newSession([missing, well('files')]);
      const [ran] = await editor.play(session, exec(ECHO));
      assert.match(ran?.texts[0], /Tool server "gone" is missing: it could not start/);
      assert.match(editor.stderr(), /Tool server .*gone.* is missing: it could not start/);
      assert.deepEqual(ran?.texts.slice(1), ['1']);
    });

    it('leaves nothing of a session that the agent refuses', async () => {
      await using editor = await startEditor({ version, agentArgs: ['--refuse'] });
      await assert.rejects(editor.newSession([stdioServer(version, 'a', commandOf('with-child'))]));
      while (programs().some(({ command }) => command.includes('with-child'))) {
        await new Promise(setImmediate);
      }
    });
  });
}
