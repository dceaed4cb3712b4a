import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type AcpEditor, startEditor, stdioServer } from '../../support/acp-editor.ts';
import { ugly } from '../../support/mcp-servers.ts';
import { descendants, isAlive, programs } from '../../support/processes.ts';

const LAUNCHER = fileURLToPath(new URL('../../../bin/cellhost.js', import.meta.url));
const { command, args } = ugly('well') as { command: string; args: string[] };
const FILES = stdioServer(1, 'files', [command, ...args]);
const HANGING = { call: 'exec', args: { source: 'await tools.mcp__files__hang()' } };
const WITHIN_MS = 5000;

/** Kills the processes whose command line contains this, but not the proxy. */
function kill(part: string): void {
  const found = programs().filter(
    ({ command }) => command.includes(part) && !command.includes('cellhost.js acp'),
  );
  assert.notEqual(found.length, 0, `no process of ${part}`);
  for (const { pid } of found) process.kill(pid, 'SIGKILL');
}

function socketFolders(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => /^cellhost-.{6}$/.test(name));
}

/** A session with a program in the middle of a call. */
async function atWork(agentArgs: readonly string[] = []) {
  const folders = new Set(socketFolders());
  const editor = await startEditor({ agentArgs });
  const session = await editor.newSession([FILES]);
  const prompted = editor.play(session, HANGING);
  prompted.catch(() => {});
  await editor.until(({ update }) => update.title === 'files › hang');
  const own = socketFolders().filter((name) => !folders.has(name));
  return { editor, session, prompted, folder: join(tmpdir(), own[0]!) };
}

async function assertNothingLeft(folder: string, sinceMs: number): Promise<void> {
  while (descendants().length > 0 || existsSync(folder)) {
    assert.ok(performance.now() - sinceMs < WITHIN_MS, JSON.stringify([programs(), folder]));
    await new Promise(setImmediate);
  }
}

async function run(argv: readonly string[], input = '') {
  const child = spawn(process.execPath, [LAUNCHER, 'acp', ...argv]);
  child.stdin.on('error', () => {});
  child.stdin.write(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, code };
}

describe('The end of cellhost acp', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('leaves nothing when the editor leaves', async () => {
    const { editor, folder } = await atWork();
    const since = performance.now();
    assert.equal(await editor.leave(), 0);
    await assertNothingLeft(folder, since);
  });

  it('leaves nothing when the editor is not there to read any more', async () => {
    const { editor, folder } = await atWork();
    const since = performance.now();
    editor.child.stdout.destroy();
    editor.child.stdin.destroy();
    await editor.ended;
    await assertNothingLeft(folder, since);
  });

  it('ends an agent that stays, after 4 s', async () => {
    const { editor, folder } = await atWork(['--stay']);
    const since = performance.now();
    assert.equal(await editor.leave(), 0);
    const tookMs = performance.now() - since;
    assert.ok(tookMs > 3900, `${tookMs} ms`);
    await assertNothingLeft(folder, since);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`ends well after ${signal}`, async () => {
      const { editor, folder } = await atWork();
      const since = performance.now();
      editor.child.kill(signal);
      assert.equal(await editor.ended, 0);
      await assertNothingLeft(folder, since);
    });
  }

  for (const agentArgs of [[], ['--stay']]) {
    it(`leaves nothing when it is killed itself, agent ${agentArgs.join()}`, async () => {
      const { editor, folder } = await atWork(agentArgs);
      // Whoever outlives its parent is no descendant of ours any more.
      const all = descendants();
      const since = performance.now();
      editor.child.kill('SIGKILL');
      assert.equal(await editor.ended, 'SIGKILL');
      await assertNothingLeft(folder, since);
      while (all.some(isAlive)) {
        assert.ok(performance.now() - since < WITHIN_MS, `${all.filter(isAlive)} still live`);
        await new Promise(setImmediate);
      }
    });
  }

  it('ends with the agent, and answers what it left open', async () => {
    const { editor, session, prompted, folder } = await atWork();
    const since = performance.now();
    kill('acp-agent.ts');
    await assert.rejects(prompted, { code: -32603, message: 'The agent was ended by SIGKILL' });
    assert.equal(await editor.ended, 137);
    await assertNothingLeft(folder, since);
    await assert.rejects(editor.request('session/prompt', { sessionId: session, prompt: [] }));
  });

  it('ends with the code of the agent', async () => {
    const editor = await startEditor();
    const session = await editor.newSession();
    await assert.rejects(editor.play(session, { exit: 7 }), {
      message: 'The agent exited with code 7',
    });
    assert.equal(await editor.ended, 7);
  });

  const survived: readonly (readonly [string, string, RegExp])[] = [
    ['the attached process', '--attach', /closed/i],
    ['a folded server', 'ugly-mcp-server.js', /tool server .* was ended by SIGKILL/],
    ['the sandbox', 'sandbox/process/child', /SIGKILL|sandbox/],
  ];
  for (const [what, part, problem] of survived) {
    it(`goes on when ${what} is killed`, async () => {
      const { editor, session, prompted, folder } = await atWork();
      kill(part);
      const [failed] = await prompted;
      assert.match(JSON.stringify(failed), problem);
      await assertUsable(editor, session, what === 'the attached process');
      const since = performance.now();
      assert.equal(await editor.leave(), 0);
      await assertNothingLeft(folder, since);
    });
  }

  it('has code 2 for an agent that is missing, not found, or ends at once', async () => {
    const missing = await run([]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /missing required argument 'agent'/);
    const request = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}\n';
    const unfound = await run(['--', '/nowhere/agent'], request);
    assert.equal(unfound.code, 2);
    assert.match(unfound.stderr, /command not found: \/nowhere\/agent/);
    assert.match(unfound.stdout, /"id":1,"error":\{"code":-32603/);
    const script = 'console.error("no licence"); process.exit(0)';
    const brief = await run(['--', process.execPath, '-e', script], request);
    assert.equal(brief.code, 2);
    assert.match(brief.stderr, /^no licence$/m);
    assert.match(brief.stdout, /The agent exited with code 0/);
    const level = await run(['--log-level', 'loud', '--', 'x']);
    assert.equal(level.code, 2);
    assert.match(level.stderr, /Cannot use --log-level loud/);
  });

  it('closes a side that sends more than 64 MiB in a line', async () => {
    const flood = 'process.stdout.write("x".repeat(2 ** 26 + 1)); setInterval(() => {}, 1000)';
    const request = '{"jsonrpc":"2.0","id":1,"method":"a"}\n';
    const { stdout, stderr } = await run(['--', process.execPath, '-e', flood], request);
    assert.match(stderr, /Cannot read on from the agent: a line is longer than 67108864 bytes/);
    assert.match(stdout, /"id":1,"error":\{"code":-32603/);
    const editor = await startEditor();
    editor.child.stdin.write('x'.repeat(2 ** 26 + 1));
    assert.equal(await editor.ended, 0);
    assert.match(editor.stderr(), /Cannot read on from the editor: a line is longer/);
  });
});

describe('Many sessions of cellhost acp', () => {
  it('leave no descriptor and no process behind', async () => {
    const editor = await startEditor({ agentArgs: ['--idle'] });
    const rounds = async (count: number, servers: readonly object[]) => {
      for (let n = 0; n < count; n += 1) {
        const sessionId = await editor.newSession(servers);
        await editor.request('session/close', { sessionId });
      }
    };
    // The sandbox and the code of all sessions are there from now on.
    await rounds(1, [FILES]);
    const settled = async (isReached: () => boolean) => {
      const since = performance.now();
      while (!isReached()) {
        assert.ok(performance.now() - since < WITHIN_MS, JSON.stringify(programs()));
        await new Promise(setImmediate);
      }
    };
    const hasServer = () => programs().some(({ command: each }) => each.includes('ugly-mcp'));
    const descriptors = () => readdirSync(`/proc/${editor.child.pid}/fd`).length;
    await settled(() => !hasServer());
    const before = descriptors();
    await rounds(1000, []);
    await rounds(5, [FILES]);
    await settled(() => !hasServer() && descriptors() <= before);
    await editor.leave();
    assert.deepEqual(descendants(), []);
  });
});

describe('An editor that does not read', () => {
  it('does not keep us from ending when we are asked to', async () => {
    const flood =
      'for (;;) process.stdout.write("x".repeat(1000) + "\\n") || await new Promise((go) => process.stdout.once("drain", go))';
    const agent = [process.execPath, '--input-type=module', '-e', flood];
    const child = spawn(process.execPath, [LAUNCHER, 'acp', '--', ...agent]);
    await once(child.stdout, 'readable');
    const since = performance.now();
    child.kill('SIGTERM');
    await once(child, 'exit');
    // 2 s for the end of its input, 1 s for its last words, 2 s for what was not read.
    assert.ok(performance.now() - since < 8000);
    child.stdout.destroy();
    assert.deepEqual(descendants(), []);
  });
});

async function assertUsable(editor: AcpEditor, sessionId: string, isAttachedGone: boolean) {
  if (isAttachedGone) {
    await editor.request('session/load', { sessionId, cwd: process.cwd(), mcpServers: [FILES] });
  }
  const source = `for (;;) try { text((await tools.mcp__files__echo({ a: 2 })).structuredContent.args.a); break }
    catch { await new Promise((go) => setTimeout(go, 50)) }`;
  const [ran] = await editor.play(sessionId, { call: 'exec', args: { source } });
  assert.deepEqual(ran?.texts.slice(1), ['2']);
}

describe('The socket of attached processes', () => {
  it('is in a folder of this user alone, and takes nobody without a key', async () => {
    const { editor, folder } = await atWork();
    const path = join(folder, 's');
    assert.equal(dirname(path), folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    for (const key of ['\n', `${'0'.repeat(64)}\n`, `${'x'.repeat(1000)}\n`]) {
      const socket = connect({ path });
      socket.write(key);
      assert.equal(await text(socket), '');
    }
    await editor.leave();
  });

  it('cannot be reached by another user', {
    skip: process.getuid?.() !== 0 && 'needs root',
  }, async () => {
    const { editor, folder } = await atWork();
    const script = `require('node:net').connect(process.argv[1]).on('error', ({ code }) => console.log(code)).on('connect', () => console.log('connected'))`;
    const child = spawn(process.execPath, ['-e', script, join(folder, 's')], {
      uid: 65_534,
      gid: 65_534,
      cwd: '/',
    });
    assert.equal((await text(child.stdout)).trim(), 'EACCES');
    await editor.leave();
  });
});
