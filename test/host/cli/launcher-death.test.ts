import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '../../../host/client/spawn-host.ts';
import { CONTRACT_TOOLS, LONG } from '../../contract/session-setup.ts';
import { descendants, untilGone } from '../../support/processes.ts';
import { ScriptedDelegate } from '../../support/scripted-delegate.ts';

const BIN = fileURLToPath(new URL('../../../bin/', import.meta.url));
/** As Linux has it. */
const CLOSE_ON_EXEC = 0o2000000;
const folder = mkdtempSync(join(tmpdir(), 'cellhost-launcher-'));
after(() => rmSync(folder, { recursive: true }));

/** This Node.js under another name, so that the launcher starts it as a process of its own. */
const ENGINE = join(folder, 'engine');
writeFileSync(ENGINE, `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 });

/** Starts a program of this package on an engine of its own. */
function launch(name: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) {
  const before = new Set(descendants());
  const env = { ...process.env, CELLHOST_NODE: ENGINE, ...more };
  const launcher = spawn(process.execPath, [join(BIN, name), ...args], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const started = () => descendants().filter((pid) => !before.has(pid) && pid !== launcher.pid);
  return { launcher, started };
}

async function listening(socket: string, more?: NodeJS.ProcessEnv) {
  const args = ['--listen', `unix:${socket}`, '--log-level=warn'];
  const made = launch('codex-code-mode-host.js', args, more);
  await once(made.launcher.stdout, 'data');
  return made;
}

/** What the descriptors of a process are. */
function descriptorsOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

describe('A host that was launched on another engine', { timeout: 60_000 }, () => {
  it('shuts down in good order when its launcher is killed', async () => {
    const socket = join(folder, 'host.sock');
    const { launcher, started } = await listening(socket);
    const client = await connect(`unix:${socket}`);
    const delegate = new ScriptedDelegate();
    const session = await client.openSession({ delegate, tools: CONTRACT_TOOLS });
    const { first } = await session.execute({ source: 'await tools.block()', observe: LONG });
    await delegate.saw('1 tool-1 started');
    const pids = started();
    assert.ok(pids.length >= 2, `${pids.length} processes`);
    launcher.kill('SIGKILL');
    assert.equal((await first).type, 'terminated');
    await client.ended;
    for (const pid of pids) await untilGone(pid);
    assert.equal(existsSync(socket), false);
  });

  it('ends without good order when it does not hear that it is to stop', async () => {
    const deaf = join(folder, 'deaf.cjs');
    const ignore = `const { on } = process;
      process.on = (name, listener) => on.call(process, name, name === 'SIGTERM' ? () => {} : listener);`;
    writeFileSync(deaf, ignore);
    const socket = join(folder, 'deaf.sock');
    const { launcher, started } = await listening(socket, { NODE_OPTIONS: `--require ${deaf}` });
    const client = await connect(`unix:${socket}`);
    const pids = started();
    launcher.kill('SIGKILL');
    await client.ended;
    for (const pid of pids) await untilGone(pid);
  });

  it('is not kept alive by it, and ends with its code', async () => {
    const { launcher } = launch('cellhost.js', ['run', '-e', 'text(1); throw new Error()']);
    launcher.stdin.end();
    const [code] = await once(launcher, 'exit');
    assert.equal(code, 1);
  });

  it('gives the descriptor that it watches to no other process', async () => {
    const socket = join(folder, 'leak.sock');
    const { launcher, started } = await listening(socket);
    const client = await connect(`unix:${socket}`);
    const session = await client.openSession({ delegate: new ScriptedDelegate() });
    await (await session.execute({ source: '' })).first;
    const [engine, ...others] = started();
    assert.ok(engine !== undefined && others.length > 0);
    const watched = readlinkSync(`/proc/${engine}/fd/3`);
    assert.match(watched, /^socket:/);
    for (const pid of others) assert.ok(!descriptorsOf(pid).includes(watched), `process ${pid}`);
    // A tool server gets no descriptor of its own at this number: the system has to close it.
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/${engine}/fdinfo/3`, 'utf8'));
    assert.ok((Number.parseInt(flags?.[1] ?? '0', 8) & CLOSE_ON_EXEC) !== 0, flags?.[0] ?? '');
    await client.close();
    launcher.kill('SIGTERM');
    await once(launcher, 'exit');
  });
});
