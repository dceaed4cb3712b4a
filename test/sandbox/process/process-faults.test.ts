import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { engineNode } from '../../../sandbox/process/engine-node.ts';
import { engineStart } from '../../../sandbox/process/engine-start.ts';
import type { ProcessLimits } from '../../../sandbox/process/limits.ts';
import {
  type HostSandboxOptions,
  type ProcessSandboxOptions,
  processSandbox,
} from '../../../sandbox/process/process-sandbox.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';
import { isAlive, untilGone } from '../../support/processes.ts';

const UNSTOPPABLE = '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)';
const CRASH = `text('x'.repeat(2 ** 28).split('').length)`;
const WAIT = 'await new Promise((go) => setTimeout(go, 1e9))';
/** Tells whoever waits that the program has started. */
const YIELD = 'yield_control();';
const LONG = { yieldAfterMs: 60_000 } as const;

/** A sandbox with two sessions, each with a value stored and a process of its own. */
async function twoSessions(options?: ProcessSandboxOptions) {
  const sandbox = processSandbox(options);
  const mine = recordedSession(sandbox).session;
  const other = recordedSession(sandbox).session;
  const waiting = `store('kept', 42); text('ready'); ${YIELD} ${WAIT}`;
  const started = await other.execute({ source: waiting, observe: LONG });
  await started.first;
  await finishCell(mine, `store('kept', 1)`);
  return {
    sandbox,
    mine,
    /** Shows that the other session noticed nothing. */
    async checkOther() {
      const summaries = await other.cells();
      assert.deepEqual(
        summaries.map(({ cellId }) => cellId),
        [started.cellId],
      );
      const { failure, items } = await finishCell(other, 'text(1)');
      assert.equal(failure, null);
      assert.deepEqual(textsOf(items), ['1']);
    },
    /** Shows that the session whose process was lost lives on with what it had stored. */
    async checkMine() {
      const { failure, items } = await finishCell(mine, `text(load('kept'))`);
      assert.equal(failure, null);
      assert.deepEqual(textsOf(items), ['1']);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([mine.close(), other.close()]);
      await sandbox.close();
    },
  };
}

/** The process that runs this session's program: the one that appeared or went busy is the youngest. */
async function pidOf(setup: Awaited<ReturnType<typeof twoSessions>>): Promise<number> {
  const { failure } = await finishCell(setup.mine, 'text(1)');
  assert.equal(failure, null);
  const pid = setup.sandbox.pidOf(setup.mine.symbol);
  assert.ok(pid !== undefined);
  return pid;
}

describe('A process sandbox', { timeout: 120_000 }, () => {
  it('survives a program that crashes the engine', async () => {
    await using setup = await twoSessions();
    const beside = await setup.mine.execute({ source: WAIT, observe: LONG });
    const { failure } = await finishCell(setup.mine, CRASH);
    assert.equal(failure?.kind, 'memory');
    assert.match(failure?.text ?? '', /its sandbox process was ended by SIG\w+ \(Fatal JavaScript/);
    const lost = await beside.first;
    assert.ok(lost.type === 'completed' && lost.failure !== null);
    await setup.checkMine();
    await setup.checkOther();
  });

  it('answers a terminate at once, and ends the process of a program that does not stop', async () => {
    await using setup = await twoSessions({ limits: { stopMs: 50 } });
    const beside = await setup.mine.execute({ source: WAIT, observe: LONG });
    const { cellId, first } = await setup.mine.execute({
      source: YIELD + UNSTOPPABLE,
      observe: LONG,
    });
    await first;
    const event = await setup.mine.terminate(cellId);
    assert.equal(event.type, 'terminated');
    const lost = await beside.first;
    assert.ok(lost.type === 'completed');
    assert.equal(lost.failure?.kind, 'lost');
    assert.match(lost.failure?.text ?? '', /a program in it did not stop/);
    await setup.checkMine();
    await setup.checkOther();
  });

  it('ends a process that grows over its limit, and says by how much', async () => {
    await using setup = await twoSessions({
      limits: { maxHeapBytes: 2 ** 31, maxProcessBytes: 300 << 20 },
    });
    const source = 'const a = []; for (;;) { a.push(new Uint8Array(1 << 22).fill(1)); await null }';
    const { failure } = await finishCell(setup.mine, source);
    assert.equal(failure?.kind, 'memory');
    assert.match(failure?.text ?? '', /used \d+ MiB, the limit is 300 MiB \(maxProcessBytes\)/);
    await setup.checkMine();
    await setup.checkOther();
  });

  it('ends the largest process when all together grow over their limit', async () => {
    await using setup = await twoSessions({
      limits: { maxHeapBytes: 2 ** 31, maxTotalBytes: 350 << 20 },
    });
    const source = 'const a = []; for (;;) { a.push(new Uint8Array(1 << 22).fill(1)); await null }';
    const { failure } = await finishCell(setup.mine, source);
    assert.match(failure?.text ?? '', /the limit is 350 MiB \(maxTotalBytes\)/);
    await setup.checkMine();
    await setup.checkOther();
  });

  it('notices at once that a process was killed', async () => {
    await using setup = await twoSessions();
    const pid = await pidOf(setup);
    const { first } = await setup.mine.execute({
      source: `store('kept', 2); yield_control(); ${WAIT}`,
      observe: LONG,
    });
    const { cellId } = await first;
    process.kill(pid, 'SIGKILL');
    const event = await setup.mine.observe(cellId, LONG);
    assert.ok(event.type === 'completed');
    assert.equal(event.failure?.kind, 'lost');
    assert.match(event.failure?.text ?? '', /^exec runtime ended unexpectedly: .* SIGKILL$/);
    const { items } = await finishCell(setup.mine, `text(load('kept'))`);
    assert.deepEqual(textsOf(items), ['2']);
    await setup.checkOther();
  });

  it('keeps what a program stored and showed that was lost with a neighbour', async () => {
    await using setup = await twoSessions();
    const source = `store('beside', 1); text('shown'); yield_control(); text('more'); ${WAIT}`;
    const beside = await setup.mine.execute({ source, observe: LONG });
    assert.deepEqual(textsOf((await beside.first).items as never), ['shown']);
    await finishCell(setup.mine, CRASH);
    const event = await setup.mine.observe(beside.cellId, LONG);
    assert.ok(event.type === 'completed' && event.failure !== null);
    assert.deepEqual(textsOf(event.items), ['more']);
    const { items } = await finishCell(setup.mine, `text(load('beside'))`);
    assert.deepEqual(textsOf(items), ['1']);
    await setup.checkMine();
  });

  it('ends a process that gives no sign of life', async () => {
    await using setup = await twoSessions({ limits: { hangMs: 600 } });
    const pid = await pidOf(setup);
    const { cellId, first } = await setup.mine.execute({ source: YIELD + WAIT, observe: LONG });
    await first;
    process.kill(pid, 'SIGSTOP');
    const event = await setup.mine.observe(cellId, LONG);
    assert.ok(event.type === 'completed');
    assert.match(
      event.failure?.text ?? '',
      /no sign of life for 600 ms \(hangMs\), and is in state/,
    );
    await untilGone(pid);
    await setup.checkMine();
    await setup.checkOther();
  });

  it('runs a program in another process if the first one hangs before it begins', async () => {
    await using setup = await twoSessions({ limits: { hangMs: 600 } });
    const pid = await pidOf(setup);
    process.kill(pid, 'SIGSTOP');
    const { failure, items } = await finishCell(setup.mine, `text(load('kept')); store('kept', 1)`);
    assert.deepEqual([failure, textsOf(items)], [null, ['1']]);
    await untilGone(pid);
    assert.equal(setup.sandbox.stats.ended.silent, 1);
    await setup.checkMine();
    await setup.checkOther();
  });

  it('takes no process for silent or stuck because its host itself was busy', async () => {
    await using setup = await twoSessions({ limits: { hangMs: 600, stopMs: 200 } });
    const beside = await setup.mine.execute({ source: YIELD + WAIT, observe: LONG });
    await beside.first;
    const { cellId, first } = await setup.mine.execute({
      source: `${YIELD}for (;;);`,
      observe: LONG,
    });
    await first;
    const terminated = setup.mine.terminate(cellId);
    for (const until = Date.now() + 1_500; Date.now() < until; );
    assert.equal((await terminated).type, 'terminated');
    await setup.checkMine();
    const [left] = await setup.mine.cells();
    assert.equal(left?.cellId, beside.cellId);
    const { stuck, silent } = setup.sandbox.stats.ended;
    assert.deepEqual([stuck, silent], [0, 0]);
    await setup.checkOther();
  });

  it('gives each session a process, and takes it back', async () => {
    await using setup = await twoSessions();
    const mine = await pidOf(setup);
    await setup.checkOther();
    assert.equal(await pidOf(setup), mine);
    await setup.mine.close();
    const next = recordedSession(setup.sandbox).session;
    await finishCell(next, 'text(1)');
    const { items } = await finishCell(next, `text(load('kept') === undefined)`);
    assert.deepEqual(textsOf(items), ['true']);
    await next.close();
  });

  it('lets sessions share where there are no more processes', async () => {
    await using setup = await twoSessions({ limits: { maxProcesses: 1 } });
    assert.equal(setup.sandbox.pids.length, 1);
    await setup.checkMine();
    await setup.checkOther();
  });

  it('replaces a process that has run enough programs', async () => {
    const sandbox = processSandbox({ spares: 0, limits: { maxProgramsPerProcess: 3 } });
    const { session } = recordedSession(sandbox);
    const seen = new Set<number>();
    for (let n = 0; n < 9; n += 1) {
      await finishCell(session, 'text(1)');
      for (const pid of sandbox.pids) seen.add(pid);
    }
    assert.ok(seen.size >= 3, `${seen.size} processes`);
    await session.close();
    await sandbox.close();
    for (const pid of seen) await untilGone(pid);
  });

  it('starts no program in a process that only starts while its own one stops the last', async () => {
    let started = 0;
    // Only the first process gets ready.
    const options: HostSandboxOptions = {
      spawn: (command, args, rest) => {
        started += 1;
        const never = ['-e', 'require("node:fs").readSync(3, Buffer.alloc(1))'];
        return spawn(command, started === 1 ? args : never, rest);
      },
    };
    await using sandbox = processSandbox(options);
    const { session } = recordedSession(sandbox);
    await finishCell(session, 'text(1)');
    const waiting = await session.execute({ source: YIELD + WAIT, observe: LONG });
    await waiting.first;
    while (started === 1) await setImmediate();
    const stopped = session.terminate(waiting.cellId);
    const next = finishCell(session, 'text(2)');
    await stopped;
    assert.deepEqual(textsOf((await next).items), ['2']);
    await session.close();
  });

  it('uses a process that gets ready before its own one has stopped the last program', async () => {
    await using sandbox = processSandbox({ spares: 0, limits: { stopMs: 60_000 } });
    const { session } = recordedSession(sandbox);
    const stuck = await session.execute({ source: YIELD + UNSTOPPABLE, observe: LONG });
    await stuck.first;
    await session.terminate(stuck.cellId);
    assert.deepEqual(textsOf((await finishCell(session, 'text(1)')).items), ['1']);
    assert.equal(sandbox.stats.processes, 2);
    await session.close();
  });

  it('starts a process for a session whose own one did not stop, if another took the first', async () => {
    await using sandbox = processSandbox({ spares: 0, limits: { stopMs: 50 } });
    const mine = recordedSession(sandbox).session;
    const other = recordedSession(sandbox).session;
    const stuck = await mine.execute({ source: YIELD + UNSTOPPABLE, observe: LONG });
    await stuck.first;
    await mine.terminate(stuck.cellId);
    const next = finishCell(mine, 'text(1)');
    const waiting = await other.execute({ source: YIELD + WAIT, observe: LONG });
    await waiting.first;
    assert.deepEqual(textsOf((await next).items), ['1']);
    assert.equal(sandbox.stats.ended.stuck, 1);
    await Promise.all([mine.close(), other.close()]);
  });

  it('starts a spare before it replaces one, so that no program waits for a start', async () => {
    await using sandbox = processSandbox({ limits: { maxProgramsPerProcess: 8 } });
    const { session } = recordedSession(sandbox);
    for (let n = 0; n < 7; n += 1) await finishCell(session, 'text(1)');
    const first = sandbox.pidOf(session.symbol);
    const spares = sandbox.pids.filter((pid) => pid !== first);
    assert.ok(spares.length > 0);
    for (let n = 0; n < 2; n += 1) await finishCell(session, 'text(1)');
    const second = sandbox.pidOf(session.symbol);
    assert.ok(second !== undefined && spares.includes(second));
    await session.close();
  });

  it('replaces it also where a program of the session goes on in it', async () => {
    await using sandbox = processSandbox({ limits: { maxProgramsPerProcess: 3 } });
    const { session } = recordedSession(sandbox);
    const waiting = await session.execute({ source: YIELD + WAIT, observe: LONG });
    await waiting.first;
    const first = sandbox.pidOf(session.symbol);
    for (let n = 0; n < 5; n += 1) await finishCell(session, 'text(1)');
    assert.ok(first !== undefined && isAlive(first));
    assert.ok(sandbox.stats.ended.worn >= 1);
    assert.deepEqual(
      (await session.cells()).map(({ cellId }) => cellId),
      [waiting.cellId],
    );
    await session.terminate(waiting.cellId);
    await untilGone(first);
    await session.close();
  });

  it('replaces none where there may be no other', async () => {
    await using sandbox = processSandbox({ limits: { maxProcesses: 1, maxProgramsPerProcess: 3 } });
    const { session } = recordedSession(sandbox);
    const waiting = await session.execute({ source: YIELD + WAIT, observe: LONG });
    await waiting.first;
    for (let n = 0; n < 5; n += 1) await finishCell(session, 'text(1)');
    assert.deepEqual([sandbox.pids.length, sandbox.stats.ended.worn], [1, 0]);
    await session.close();
  });

  it('replaces one that is large when it becomes idle, and keeps what was stored', async () => {
    const maxStoredLength = 2 ** 28;
    const limits = { maxStoredLength, maxHeapBytes: 2 ** 30, maxProcessBytes: 500 << 20 };
    await using sandbox = processSandbox({ limits });
    const options = { limits: { maxStoredLength } };
    const { session } = recordedSession(sandbox, { options });
    await finishCell(session, 'text(1)');
    for (let n = 0; n < 4; n += 1) {
      await finishCell(session, `store('${n}', '${n}'.repeat(25 << 20))`);
    }
    await finishCell(session, `text(1)`);
    while (sandbox.stats.ended.worn === 0) await setImmediate();
    const { failure, items } = await finishCell(session, `text(load('3').length)`);
    assert.deepEqual([failure, textsOf(items)], [null, [String(25 << 20)]]);
    await session.close();
  });

  it('ends processes that nobody has needed for long, but for its spares', async () => {
    const sandbox = processSandbox({ limits: { idleMs: 100 } });
    const sessions = Array.from({ length: 4 }, () => recordedSession(sandbox).session);
    const waits = sessions.map((session) =>
      session.execute({ source: YIELD + WAIT, observe: LONG }),
    );
    await Promise.all(waits.map(async (wait) => (await wait).first));
    const { pids } = sandbox;
    assert.ok(pids.length >= 4);
    await Promise.all(sessions.map((session) => session.close()));
    while (sandbox.pids.length > 1) await setImmediate();
    await sandbox.close();
  });

  it('puts sessions together where it is told to', async () => {
    const sandbox = processSandbox({ spares: 0, sessionsPerProcess: 3 });
    const sessions = Array.from({ length: 3 }, () => recordedSession(sandbox).session);
    for (const session of sessions) {
      const { first } = await session.execute({ source: YIELD + WAIT, observe: LONG });
      await first;
    }
    assert.equal(new Set(sessions.map(({ symbol }) => sandbox.pidOf(symbol))).size, 1);
    await Promise.all(sessions.map((session) => session.close()));
    await sandbox.close();
  });

  it('leaves no process behind', async () => {
    const sandbox = processSandbox();
    const { session } = recordedSession(sandbox);
    const { first } = await session.execute({ source: `${YIELD}for (;;);`, observe: LONG });
    await first;
    const { pids } = sandbox;
    assert.ok(pids.length >= 1);
    await session.close();
    await sandbox.close();
    for (const pid of pids) assert.equal(isAlive(pid), false);
  });
});

describe('A sandbox process', { timeout: 60_000 }, () => {
  it('is given nothing of its host', async () => {
    process.env.CELLHOST_TEST_SECRET = 'secret';
    const sandbox = processSandbox();
    const { session } = recordedSession(sandbox);
    await finishCell(session, 'text(1)');
    const pid = sandbox.pidOf(session.symbol);
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
    assert.deepEqual(environment.toSorted(), [
      'LANG=C.UTF-8',
      'MALLOC_MMAP_THRESHOLD_=131072',
      'MALLOC_TRIM_THRESHOLD_=131072',
      'TZ=UTC',
    ]);
    await session.close();
    await sandbox.close();
  });

  it('may read nothing outside its package, write nothing, and start nothing', async () => {
    const sandbox = processSandbox();
    const { session } = recordedSession(sandbox);
    await finishCell(session, 'text(1)');
    const line = readFileSync(`/proc/${sandbox.pidOf(session.symbol)}/cmdline`, 'utf8').split('\0');
    assert.ok(line.includes('--permission'));
    assert.ok(line.some((flag) => flag.startsWith('--max-old-space-size=')));
    assert.deepEqual(
      line.filter((flag) => flag.startsWith('--allow') && !flag.startsWith('--allow-fs-read=')),
      ['--allow-addons', '--allow-worker'],
    );
    await session.close();
    await sandbox.close();
  });

  it('is refused files, processes and, on Node.js 26, the network', () => {
    const script = `
      const { readFileSync, writeFileSync, readdirSync } = require('node:fs');
      const refused = () => { throw Object.assign(new Error(), { code: 'ERR_ACCESS_DENIED' }) };
      const tries = {
        read: () => readFileSync('/etc/passwd'), list: () => readdirSync('/'), environment: () => readFileSync('/proc/self/environ'),
        write: () => writeFileSync('${tmpdir()}/cellhost-test-written', ''), overwrite: () => writeFileSync('${import.meta.filename}', ''),
        database: () => new (process.getBuiltinModule('node:sqlite')?.DatabaseSync ?? refused())('${tmpdir()}/cellhost-test-written'),
        spawn: () => require('node:child_process').spawnSync('true'),
      };
      const codes = {};
      for (const [what, attempt] of Object.entries(tries)) try { attempt(); codes[what] = 'done' } catch (error) { codes[what] = error.code }
      const socket = require('node:net').connect(9, '127.0.0.1');
      socket.on('error', (error) => { codes.network = error.code; console.log(JSON.stringify(codes)) });`;
    const node = engineNode(undefined);
    const flags = engineStart(node).args.slice(0, -1);
    const { stdout } = spawnSync(node, [...flags, '-e', script]);
    const { network, ...codes } = JSON.parse(stdout.toString()) as Record<string, string>;
    for (const [what, code] of Object.entries(codes)) assert.equal(code, 'ERR_ACCESS_DENIED', what);
    assert.equal(Object.keys(codes).length, 7);
    const { modules } = process.versions;
    assert.equal(network, modules === '147' ? 'ERR_ACCESS_DENIED' : 'ECONNREFUSED');
  });

  it('keeps compiled code where its host does, and may not once it hears of programs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
    const node = engineNode(undefined);
    const { args, env } = engineStart(node, folder);
    const module = new URL('../../../sandbox/process/give-up-permissions.ts', import.meta.url);
    const script = `
      import { readdirSync, writeFileSync } from 'node:fs';
      const { giveUpPermissions, giveUpThreads } = await import(${JSON.stringify(module)});
      const attempt = (act) => { try { act(); return 'done' } catch (error) { return error.code } };
      const look = () => ({
        write: attempt(() => writeFileSync('${folder}/written', '')),
        list: attempt(() => readdirSync('${folder}')),
        addons: process.permission.has('addon'),
        threads: process.permission.has('worker'),
      });
      const before = look();
      giveUpPermissions();
      giveUpThreads();
      console.log(JSON.stringify({ before, after: look() }));`;
    const flags = [...args.slice(0, -1), '--input-type=module', '-e', script];
    const { stdout } = spawnSync(node, flags, { env });
    assert.deepEqual(JSON.parse(stdout.toString()), {
      before: { write: 'done', list: 'done', addons: true, threads: true },
      after: {
        write: 'ERR_ACCESS_DENIED',
        list: 'ERR_ACCESS_DENIED',
        addons: false,
        threads: false,
      },
    });
    const kept = readdirSync(folder, { recursive: true, withFileTypes: true });
    assert.ok(kept.some((file) => file.isFile() && file.name !== 'written'));
    rmSync(folder, { recursive: true });
  });

  it('is started with compiled code where its host keeps its own', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
    const module = new URL('../../../sandbox/cellhost.ts', import.meta.url);
    const script = `
      import { readFileSync, readdirSync } from 'node:fs';
      const { processSandbox, SessionRuntime } = await import(${JSON.stringify(module)});
      const sandbox = processSandbox();
      const delegate = { async invokeTool() {}, async notify() {} };
      const session = new SessionRuntime({ sandbox, delegate });
      const { items } = await (await session.execute({ source: 'text(1)' })).first;
      const [pid] = sandbox.pids;
      console.log(JSON.stringify({
        items,
        flags: readFileSync(\`/proc/\${pid}/cmdline\`, 'utf8').split('\\0'),
        kept: readdirSync('${folder}', { recursive: true }).length,
      }));
      await session.close();
      await sandbox.close();`;
    const env = { ...process.env, NODE_COMPILE_CACHE: folder };
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { env });
    const { items, flags, kept } = JSON.parse(stdout.toString()) as {
      readonly items: unknown;
      readonly flags: readonly string[];
      readonly kept: number;
    };
    assert.deepEqual(items, [{ type: 'input_text', text: '1' }]);
    assert.ok(flags.includes(`--allow-fs-write=${folder}`));
    // The host writes its own at its end: what is there by now is its sandbox process's.
    assert.ok(kept > 10, String(kept));
    rmSync(folder, { recursive: true });
  });

  it('inherits no open file of its host', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'cellhost-test-')), 'open');
    const file = openSync(path, 'w');
    const sandbox = processSandbox();
    const { session } = recordedSession(sandbox);
    await finishCell(session, 'text(1)');
    const folder = `/proc/${sandbox.pidOf(session.symbol)}/fd`;
    const targets = readdirSync(folder).map((fd) => readlinkSync(join(folder, fd)));
    assert.ok(targets.length > 3);
    assert.equal(targets.includes(path), false);
    closeSync(file);
    rmSync(dirname(path), { recursive: true });
    await session.close();
    await sandbox.close();
  });

  it('ends when its host is killed, even while a program spins', async () => {
    const module = fileURLToPath(new URL('../../../sandbox/cellhost.ts', import.meta.url));
    const script = `
      import { processSandbox, SessionRuntime } from ${JSON.stringify(module)};
      const sandbox = processSandbox();
      const delegate = { async invokeTool() {}, async notify() {} };
      const session = new SessionRuntime({ sandbox, delegate });
      const { first } = await session.execute({ source: 'for (;;);', observe: { yieldAfterMs: 50 } });
      await first;
      console.log(JSON.stringify(sandbox.pids));
    `;
    const host = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(host.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    assert.ok(pids.length >= 1 && pids.every(isAlive));
    host.kill('SIGKILL');
    for (const pid of pids) await untilGone(pid);
  });
});

describe('An engine that is none', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
  after(() => rmSync(folder, { recursive: true }));

  const engine = (name: string, script: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  const failureWith = async (nodePath: string, limits: Partial<ProcessLimits> = {}) => {
    const sandbox = processSandbox({ nodePath, limits });
    const { session } = recordedSession(sandbox);
    const { failure } = await finishCell(session, 'text(1)');
    await session.close();
    await sandbox.close();
    return failure;
  };

  it('ends at once: the cell says so', async () => {
    const failure = await failureWith(engine('ends', 'echo "Error: not today" >&2; exit 3'));
    assert.equal(failure?.kind, 'sandbox_failed');
    assert.match(failure?.text ?? '', /ended with status 3 \(Error: not today\)/);
  });

  it('sends what is no message: it is ended, and the cell says so', async () => {
    const failure = await failureWith(
      engine('babbles', 'printf "not a frame at all" >&3; exec sleep 60'),
    );
    assert.match(failure?.text ?? '', /sent an invalid message: Error: Cannot read the frame/);
  });

  it('sends messages of a kind there is not: it is ended, and the cell says so', async () => {
    const frame =
      '\\016\\000\\000\\000\\143\\000\\001\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000';
    const failure = await failureWith(
      engine('lies', `sleep 0.2; printf '${frame}' >&3; exec sleep 60`),
    );
    assert.match(failure?.text ?? '', /there is no kind 99/);
  });

  it('closes its pipe and goes on: it is ended, and the cell says so', async () => {
    const failure = await failureWith(engine('mutes', 'exec 3>&-; exec sleep 60'));
    assert.equal(failure?.kind, 'sandbox_failed');
    assert.match(failure?.text ?? '', /its sandbox process closed its pipe$/);
  });

  it('ends before it is ready: it is started for programs, and not again and again', async () => {
    const path = join(folder, 'starts');
    await using sandbox = processSandbox({ nodePath: engine('dies', `echo >> ${path}; exit 3`) });
    await using good = processSandbox({ spares: 0 });
    const { session } = recordedSession(sandbox);
    assert.equal((await finishCell(session, 'text(1)')).failure?.kind, 'sandbox_failed');
    const later = 'await new Promise((done) => setTimeout(done, 300))';
    await finishCell(recordedSession(good).session, later);
    const starts = readFileSync(path).length;
    assert.ok(starts <= 3, `${starts} starts`);
  });

  it('says nothing at all: it is ended, and the cell says so', async () => {
    const limits = { startMs: 200 };
    const failure = await failureWith(engine('sleeps', 'exec sleep 60'), limits);
    assert.equal(failure?.kind, 'sandbox_failed');
    assert.match(failure?.text ?? '', /its sandbox process did not start in 200 ms \(startMs\)$/);
  });

  it('says nothing at all: a caller gets a yield all the same, in time', async () => {
    await using sandbox = processSandbox({ nodePath: engine('silent', 'exec sleep 60') });
    const { session } = recordedSession(sandbox);
    const { cellId, first } = await session.execute({ source: '', observe: { yieldAfterMs: 20 } });
    assert.equal((await first).type, 'yielded');
    assert.equal((await session.terminate(cellId)).type, 'terminated');
    await session.close();
  });

  it('cannot be started: the cell says so', async () => {
    const path = join(folder, 'text');
    writeFileSync(path, 'not a program');
    const failure = await failureWith(path);
    assert.match(failure?.text ?? '', /could not be started: .*EACCES/);
  });

  it('is not there: the sandbox says so', () => {
    const nodePath = join(folder, 'nothing');
    assert.throws(() => processSandbox({ nodePath }), { code: 'sandbox_failed' });
  });
});
