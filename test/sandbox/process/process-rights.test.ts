import assert from 'node:assert/strict';
import { type StdioOptions, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { isPrivateFolder } from '../../../sandbox/process/private-folder.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { restrictedLaunch } from '../../../sandbox/process/restricted-launch.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';

describe('A sandbox process', { timeout: 60_000 }, () => {
  it('is in a scheduling group of its own', async () => {
    await using sandbox = processSandbox({ spares: 0 });
    const { session } = recordedSession(sandbox);
    await finishCell(session, 'text(1)');
    const [pid] = sandbox.pids;
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
    assert.equal(fields?.[3], String(pid), 'it leads a session of the operating system');
    await session.close();
  });

  it('inherits no file that its host inherited', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'cellhost-test-')), 'secret');
    const file = openSync(path, 'w');
    const module = new URL('../../../sandbox/cellhost.ts', import.meta.url);
    const script = `
      import { readdirSync, readlinkSync } from 'node:fs';
      const { processSandbox, SessionRuntime } = await import(${JSON.stringify(module)});
      const sandbox = processSandbox({ spares: 0 });
      const delegate = { async invokeTool() {}, async notify() {} };
      const session = new SessionRuntime({ sandbox, delegate });
      const { items } = await (await session.execute({ source: 'text(1)' })).first;
      const filesOf = (pid) => readdirSync(\`/proc/\${pid}/fd\`).flatMap((fd) => {
        try { return [readlinkSync(\`/proc/\${pid}/fd/\${fd}\`)] } catch { return [] }
      });
      console.log(JSON.stringify([items.length, filesOf('self'), filesOf(sandbox.pids[0])]));
      await session.close();
      await sandbox.close();`;
    const stdio = Object.assign(
      Array.from({ length: 60 }, () => 'ignore'),
      { 1: 'pipe', 2: 'inherit', 40: file, 59: file },
    ) as StdioOptions;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      stdio,
    });
    const [items, ofHost, ofProcess] = JSON.parse(stdout.toString()) as [
      number,
      string[],
      string[],
    ];
    assert.deepEqual([items, ofHost.includes(path), ofProcess.includes(path)], [1, true, false]);
    closeSync(file);
    rmSync(dirname(path), { recursive: true });
  });

  it('works where nobody can write, so that it leaves no core', async () => {
    await using sandbox = processSandbox();
    const { session } = recordedSession(sandbox);
    await finishCell(session, 'text(1)');
    const folder = readlinkSync(`/proc/${sandbox.pidOf(session.symbol)}/cwd`);
    assert.throws(() => writeFileSync(join(folder, 'core'), ''));
    await session.close();
  });

  it('is started with the words that are put in front of its command', async () => {
    const launch = ['prlimit', '--core=0', '--nofile=77'];
    await using sandbox = processSandbox({ launch });
    const { session } = recordedSession(sandbox);
    await finishCell(session, 'text(1)');
    const limits = readFileSync(`/proc/${sandbox.pidOf(session.symbol)}/limits`, 'utf8');
    assert.match(limits, /^Max open files +77 +77/m);
    await session.close();
  });

  it('runs programs also with all restrictions that this system permits', async () => {
    const launch = restrictedLaunch();
    assert.ok(launch.includes('prlimit'), launch.join(' '));
    await using sandbox = processSandbox({ launch });
    const { session } = recordedSession(sandbox);
    const { items } = await finishCell(session, `text(await tools.echo(1))`);
    assert.deepEqual(textsOf(items), ['1']);
    const status = readFileSync(`/proc/${sandbox.pidOf(session.symbol)}/status`, 'utf8');
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    if (process.getuid?.() === 0) assert.doesNotMatch(status, /^Uid:.*\b0\b/m);
    const limits = readFileSync(`/proc/${sandbox.pidOf(session.symbol)}/limits`, 'utf8');
    assert.match(limits, /^Max file size +0 +0/m);
    await session.close();
  });
});

describe('A folder', () => {
  it('is private if it is a folder of this user alone', () => {
    const root = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
    const [folder, link] = [join(root, 'folder'), join(root, 'link')];
    mkdirSync(folder, { mode: 0o700 });
    symlinkSync(folder, link);
    assert.deepEqual([folder, link, join(root, 'none')].map(isPrivateFolder), [true, false, false]);
    chmodSync(folder, 0o755);
    assert.equal(isPrivateFolder(folder), false);
    rmSync(root, { recursive: true });
  });
});
