import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type AcpEditor, startEditor, stdioServer } from '../../support/acp-editor.ts';
import { startCountingMcpServer } from '../../support/counting-mcp-server.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { descendants, programs } from '../../support/processes.ts';

const SESSIONS = 1000;
/** Every so many sessions have a server that is a process, too. */
const PROCESS_EACH = 10;
const AT_ONCE = 8;
/** Connections that are kept for the next request end within 5 s. */
const WITHIN_MS = 15_000;
const { command, args } = ugly('well') as { command: string; args: string[] };
const NEAR = stdioServer(1, 'near', [command, ...args]);

/** Where the proxy puts what it needs. */
const folder = mkdtempSync(join(tmpdir(), 'acp-soak-'));
after(() => rmSync(folder, { recursive: true }));

/** What a proxy holds and a session could leave behind. */
function held({ child }: AcpEditor) {
  return {
    descriptors: readdirSync(`/proc/${child.pid}/fd`).length,
    servers: programs().filter((each) => each.command.includes('ugly-mcp')).length,
    folders: readdirSync(folder).length,
  };
}

describe('A thousand sessions of cellhost acp with servers and programs', () => {
  it('leave no descriptor, process, folder or connection behind', {
    timeout: 120_000,
  }, async () => {
    await using far = await startCountingMcpServer();
    const env = { TMPDIR: folder };
    const editor = await startEditor({
      args: ['--transport', 'http'],
      agentArgs: ['--http'],
      env,
    });
    const http = { type: 'http', name: 'far', url: far.url, headers: [] };
    const live = async (number: number) => {
      const isNear = number % PROCESS_EACH === 0;
      const sessionId = await editor.newSession(isNear ? [http, NEAR] : [http]);
      const names = isNear ? ['far', 'near'] : ['far'];
      const source = names.map((name) => `await tools.mcp__${name}__echo({ n: ${number} })`);
      const exec = { call: 'exec', args: { source: `${source.join('; ')}; text(${number})` } };
      const [ran] = await editor.play(sessionId, exec);
      assert.equal(ran?.texts[1], String(number), JSON.stringify(ran));
      await editor.request('session/close', { sessionId });
    };
    const round = async (count: number) => {
      let next = 0;
      const one = async () => {
        while (next < count) await live(next++);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
    };
    const settled = async (isReached: () => boolean) => {
      const since = performance.now();
      while (!isReached() || far.open > 0 || (await far.connections()) > 0) {
        const state = [held(editor), far.open, await far.connections(), programs()];
        assert.ok(performance.now() - since < WITHIN_MS, JSON.stringify(state));
        await setImmediate();
      }
    };
    // The sandbox and the code of all sessions are there from now on.
    await round(AT_ONCE * 2);
    await settled(() => held(editor).servers === 0);
    const before = held(editor);
    const begun = far.begun;
    await round(SESSIONS);
    assert.equal(far.begun - begun, SESSIONS, 'each session had its server');
    await settled(() => {
      const now = held(editor);
      return (
        now.descriptors <= before.descriptors && now.servers === 0 && now.folders <= before.folders
      );
    });
    assert.equal(await editor.leave(), 0);
    assert.deepEqual(descendants(), []);
  });
});
