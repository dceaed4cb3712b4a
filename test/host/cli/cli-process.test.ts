import assert from 'node:assert/strict';
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, afterEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { descendants, isAlive, untilGone } from '../../support/processes.ts';

const LAUNCHER = fileURLToPath(new URL('../../../bin/cellhost.js', import.meta.url));
const UGLY = fileURLToPath(new URL('../../support/ugly-mcp-server.js', import.meta.url));
const FOREVER = 'text("ready"); await new Promise((go) => setTimeout(go, 1e9));';
const BUSY = 'text("ready"); yield_control(); for (;;);';

const directory = mkdtempSync(join(tmpdir(), 'cellhost-process-'));
after(() => rmSync(directory, { recursive: true }));

interface Finished {
  /** As a shell sees it: 128 and the signal's number where a signal ended the process. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Runs the launcher in a process group of its own, as a shell does. */
function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  return spawn(process.execPath, [LAUNCHER, ...args], {
    env: { ...process.env, CELLHOST_NODE: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

async function finish(child: Child): Promise<Finished> {
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals]>,
  ]);
  return { code: code ?? 128 + constants.signals[signal], stdout, stderr };
}

function run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Finished> {
  return finish(start(args, env));
}

/** A program that is Node, but not the file of this Node. */
function otherNode(): string {
  const path = join(directory, 'other-node');
  writeFileSync(path, `#!/bin/sh\nOTHER=yes exec '${process.execPath}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('bin/cellhost.js', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('runs a cell', async () => {
    const finished = await run(['run', '-e', 'text(1 + 1)']);
    assert.deepEqual(finished, { code: 0, stdout: '2\n', stderr: '' });
  });

  it('knows its version', async () => {
    const { stdout } = await run(['--version']);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('gives the error of a cell that failed', async () => {
    const { code, stderr } = await run(['run', '-e', 'throw new Error("boom")']);
    assert.equal(code, 1);
    assert.match(stderr, /^Error: boom\n.*exec_main\.mjs:1:7/s);
  });

  it('stops a cell that takes too long', async () => {
    const { code, stderr } = await run(['run', '-e', BUSY, '--timeout', '50']);
    assert.equal(code, 124);
    assert.equal(stderr, 'The cell timed out after 50 ms (CLI: --timeout; API: maxRunMs)\n');
  });

  it('lets a program write to a console when asked to', async () => {
    const { stdout } = await run(['run', '-e', 'console.log("a", 1)', '--console']);
    assert.equal(stdout, 'a 1\n');
  });

  it('runs on the Node it is told to, with its exit code and its output', async () => {
    const finished = await run(['run', '-e', 'text(1); throw 2'], { CELLHOST_NODE: otherNode() });
    assert.equal(finished.code, 1);
    assert.equal(finished.stdout, '1\n');
  });

  it('keeps compiled code in a folder for this user alone', async () => {
    const home = join(directory, 'cache');
    const env = { XDG_CACHE_HOME: home, NODE_COMPILE_CACHE: '' };
    const { stdout } = await run(['run', '-e', 'text(1)'], env);
    assert.equal(stdout, '1\n');
    const folder = join(home, 'cellhost');
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.ok(readdirSync(folder, { recursive: true }).length > 1);
  });

  it('keeps no compiled code in a folder that others may write', async () => {
    const home = join(directory, 'open-cache');
    const folder = join(home, 'cellhost');
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
    const env = { XDG_CACHE_HOME: home, NODE_COMPILE_CACHE: '' };
    assert.equal((await run(['run', '-e', 'text(1)'], env)).stdout, '1\n');
    assert.deepEqual(readdirSync(folder), []);
  });

  it('names a Node that is not there', async () => {
    const { code, stderr } = await run(['run', '-e', '1'], { CELLHOST_NODE: '/no/such/node' });
    assert.equal(code, 2);
    assert.match(stderr, /^cellhost: Cannot start \/no\/such\/node: .*ENOENT\nIt needs Node 24/);
  });

  it('takes the tour', async () => {
    const args = ['run', 'examples/tour.js', '--config', 'examples/mcp.json'];
    const { code, stdout, stderr } = await run(args);
    assert.equal(stderr, 'notification: The tour is over\n');
    assert.equal(code, 0);
    assert.match(stdout, /Five calls at once/);
  });
});

describe('bin/cellhost.js, interrupted', () => {
  afterEach(() => assert.deepEqual(descendants(), [], 'no process is left'));

  it('terminates a waiting cell, and a busy one', async () => {
    for (const code of [FOREVER, BUSY]) {
      const child = start(['run', '-e', code]);
      const finished = finish(child);
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      assert.deepEqual(await finished, { code: 130, stdout: 'ready\n', stderr: '' });
    }
  });

  it('takes one key press for one, though the terminal tells launcher and engine both', async () => {
    const child = start(['run', '-e', FOREVER, '--json'], { CELLHOST_NODE: otherNode() });
    const finished = finish(child);
    await once(child.stdout, 'data');
    process.kill(-child.pid!, 'SIGINT');
    const { code, stdout } = await finished;
    assert.equal(code, 130);
    assert.match(stdout, /"outcome":"terminated"/);
  });

  it('passes a signal on to the engine', async () => {
    const child = start(['run', '-e', FOREVER], { CELLHOST_NODE: otherNode() });
    const finished = finish(child);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    assert.deepEqual(await finished, { code: 143, stdout: 'ready\n', stderr: '' });
  });

  it('leaves no stubborn server when it is told twice', async () => {
    const config = join(directory, 'stubborn.json');
    const server = { command: process.execPath, args: [UGLY, 'stubborn'] };
    writeFileSync(config, JSON.stringify({ mcpServers: { server } }));
    const source =
      'text((await tools.mcp__server__pid({})).structuredContent.pid); await new Promise((go) => setTimeout(go, 1e9));';
    const child = start(['run', '-e', source, '--config', config]);
    const finished = finish(child);
    const [pid] = await once(child.stdout, 'data');
    assert.ok(isAlive(Number(pid)));
    child.kill('SIGINT');
    // Two signals of one kind that are pending together are one.
    child.kill('SIGTERM');
    const { code } = await finished;
    assert.ok(code === 143 || code === 130, `exit code ${code}`);
    await untilGone(Number(pid));
  });

  it('ends quietly when its reader goes away', () => {
    const source = 'for (;;) { text("x"); await new Promise((go) => setTimeout(go, 1)); }';
    const script = `"$0" "$1" run -e "$2" | head -n 1; exit \${PIPESTATUS[0]}`;
    const args = ['-c', script, process.execPath, LAUNCHER, source];
    const stdout = execFileSync('bash', args, { encoding: 'utf8', stdio: 'pipe' });
    assert.equal(stdout, 'x\n');
  });
});
