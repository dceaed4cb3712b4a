import assert from 'node:assert/strict';
import { type ChildProcess, spawn as nodeSpawn, spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DEFAULT_SANDBOX_LIMITS } from '../../../sandbox/limits.ts';
import type { Spawn } from '../../../sandbox/process/early-spawn.ts';
import { engineNode } from '../../../sandbox/process/engine-node.ts';
import { EnginePool } from '../../../sandbox/process/engine-pool.ts';
import { EngineProcess } from '../../../sandbox/process/engine-process.ts';
import { defaultProcessLimits, processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { WaitingLine } from '../../../sandbox/process/waiting-line.ts';
import { contractProgram } from '../../contract/contract-program.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';
import { settled } from '../../support/gates.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';

const NODE = engineNode(undefined);
const EMFILE = Object.assign(new Error('spawn node EMFILE'), { code: 'EMFILE' });

/** A process that Node.js could not give any streams, as when no descriptors are left. */
function withoutStreams(): EventEmitter {
  const methods = { ref: () => {}, unref: () => {}, kill: () => false };
  return Object.assign(new EventEmitter(), methods);
}

/** Ways in which a process does not come to be, and what its program is told. */
const FAILURES: Readonly<Record<string, readonly [spawn: Spawn, cause: RegExp]>> = {
  'cannot be spawned, which is thrown': [
    () => {
      throw Object.assign(new Error('Access denied'), { code: 'ERR_ACCESS_DENIED' });
    },
    /could not be started: ERR_ACCESS_DENIED: Access denied$/,
  ],
  'cannot be spawned, which is told later': [
    () => {
      const child = withoutStreams();
      process.nextTick(() => child.emit('error', EMFILE));
      return child as ChildProcess;
    },
    /could not be started: spawn node EMFILE$/,
  ],
  'has no streams, and says nothing of it': [
    () => withoutStreams() as ChildProcess,
    /could not be started: it has no pipe$/,
  ],
  'has all streams but its pipe': [
    () => {
      const child = nodeSpawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'pipe', 'ignore'] });
      return Object.assign(child, { stdio: [null, null, child.stderr, null, null] });
    },
    /could not be started: it has no pipe$/,
  ],
  'ends before it is ready': [
    (_command, _args, options) => nodeSpawn('false', [], options),
    /its sandbox process ended with status 1$/,
  ],
};

/** A pool whose processes are started by `spawn`, and what runs programs in it. */
function poolOf(spawn: Spawn, spares = 0) {
  const line = new WaitingLine((program, calls, session) => {
    const engine = pool.take(session);
    return engine instanceof EngineProcess ? engine.start(program, calls, session) : engine;
  });
  const pool = new EnginePool({
    nodePath: NODE,
    sandboxLimits: DEFAULT_SANDBOX_LIMITS,
    limits: defaultProcessLimits(),
    spares,
    sessionsPerProcess: 1,
    spawn,
    onRoom: (isNew) => (isNew ? line.moveNow() : line.move()),
  });
  const run = (source: string, session = Symbol('session')) => {
    const calls = new RecordingCalls();
    const started = calls.attach(line.add(contractProgram(source), calls, session));
    pool.grow(session, () => line.has(session));
    return { calls, ended: started.ended };
  };
  return { pool, run };
}

describe('A sandbox process that', { timeout: 60_000 }, () => {
  for (const [what, [fails, cause]] of Object.entries(FAILURES)) {
    it(`${what}: its program fails with the cause, and the next one runs`, async () => {
      let isBroken = true;
      const { pool, run } = poolOf((...args) => (isBroken ? fails : nodeSpawn)(...args));
      const both = [run('text(1)'), run('text(2)')];
      for (const { ended } of both) {
        const { failure } = await ended;
        assert.equal(failure?.kind, 'sandbox_failed');
        assert.match(failure?.text ?? '', cause);
      }
      assert.deepEqual(both[0]!.calls.log, []);
      isBroken = false;
      const { calls, ended } = run('text(3)');
      assert.equal((await ended).failure, null);
      assert.deepEqual(calls.all('text'), ['3']);
      assert.equal(pool.counts.processes, 1);
      await pool.close();
    });

    it(`${what}: the programs of other processes go on`, async () => {
      let isBroken = false;
      const { pool, run } = poolOf((...args) => (isBroken ? fails : nodeSpawn)(...args));
      const beside = run(`await tools.a(); text('still here')`);
      await beside.calls.until('call');
      isBroken = true;
      assert.equal((await run('text(1)').ended).failure?.kind, 'sandbox_failed');
      beside.calls.toolCalls[0]?.answer({ ok: true, text: '1' });
      assert.equal((await beside.ended).failure, null);
      assert.deepEqual(beside.calls.all('text'), ['still here']);
      await pool.close();
    });
  }

  it('cannot be spawned as a spare is not spawned again before a program is started', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let spawned = 0;
    const { pool, run } = poolOf(() => {
      spawned += 1;
      throw EMFILE;
    }, 2);
    const pass = async () => {
      await settled();
      await settled();
      for (let n = 0; n < 50; n += 1) {
        t.mock.timers.tick(100);
        await settled();
      }
    };
    await pass();
    assert.equal(spawned, 2);
    await run('text(1)').ended;
    await pass();
    assert.ok(spawned >= 3 && spawned <= 5, `${spawned} starts`);
    assert.deepEqual(pool.engines, []);
    await pool.close();
  });

  it('cannot be spawned is waited for by nobody who closes its pool in that moment', async () => {
    const { pool, run } = poolOf(() => {
      throw EMFILE;
    });
    const { ended } = run('text(1)');
    await pool.close();
    assert.equal((await ended).failure?.kind, 'sandbox_failed');
  });
});

/** What a script that embeds cellhost printed, a JSON value a line. */
function embed(body: string, command: readonly string[] = [], flags: readonly string[] = []) {
  const module = new URL('../../../sandbox/cellhost.ts', import.meta.url);
  const script = `
    import { closeSync, openSync } from 'node:fs';
    const { processSandbox, SessionRuntime } = await import(${JSON.stringify(module)});
    const sandbox = processSandbox({ spares: 0 });
    const answer = Promise.withResolvers();
    const delegate = { invokeTool: () => answer.promise, notify: async () => {} };
    const tools = [{ name: 'ask', description: '' }];
    const open = () => new SessionRuntime({ sandbox, delegate, tools });
    const run = async (session, source) => {
      const { items, failure } = await (await session.execute({ source })).first;
      console.log(JSON.stringify(failure?.text ?? items.map(({ text }) => text)));
      return failure?.kind;
    };
    ${body}
    await sandbox.close();`;
  const args = [...flags, '--disable-warning=SecurityWarning', '--input-type=module', '-e', script];
  const [first, ...rest] = [...command, process.execPath, ...args];
  const { status, stdout, stderr } = spawnSync(first!, rest);
  assert.deepEqual([status, stderr.toString()], [0, '']);
  return stdout
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe('A process that embeds cellhost', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
  after(() => rmSync(folder, { recursive: true }));

  it('goes on when it has no descriptors left, and starts programs when it has some again', () => {
    const body = `
      const [mine, other] = [open(), open()];
      await run(mine, "store('kept', 42); text('first')");
      const source = "yield_control(); await tools.ask(); text(load('kept'))";
      const waiting = await mine.execute({ source });
      await waiting.first;
      const files = [];
      try { for (;;) files.push(openSync('/dev/null')) } catch ({ code }) { console.log(JSON.stringify(code)) }
      const kinds = new Set();
      for (let free = 0; free < 4; free += 1) {
        kinds.add(await run(open(), 'text(1)'));
        closeSync(files.pop());
      }
      for (const file of files) closeSync(file);
      await run(other, "text('again')");
      answer.resolve(null);
      const end = await mine.observe(waiting.cellId);
      console.log(JSON.stringify(end.items.map(({ text }) => text)));
      console.log(JSON.stringify([...kinds]));`;
    const lines = embed(body, ['prlimit', '--nofile=100']);
    const [first, code, failed] = lines;
    assert.deepEqual([first, code], [['first'], 'EMFILE']);
    assert.match(
      String(failed),
      /^Cannot start the program: its sandbox process could not be started: spawn .* EMFILE$/,
    );
    assert.deepEqual(lines.slice(-3, -1), [['again'], ['42']]);
    assert.equal((lines.at(-1) as string[])[0], 'sandbox_failed');
  });

  it('goes on when it may start no processes', () => {
    const flags = ['--permission', '--allow-fs-read=*'];
    const lines = embed(`await run(open(), 'text(1)'); await run(open(), 'text(2)')`, [], flags);
    assert.equal(lines.length, 2);
    for (const line of lines) assert.match(String(line), /could not be started: ERR_ACCESS_DENIED/);
  });

  it('goes on when the engine is not there any more, and starts programs when it is back', async () => {
    const nodePath = join(folder, 'node');
    symlinkSync(NODE, nodePath);
    await using sandbox = processSandbox({ nodePath, spares: 0 });
    const { session } = recordedSession(sandbox);
    renameSync(nodePath, `${nodePath}.gone`);
    const { failure } = await finishCell(session, 'text(1)');
    assert.equal(failure?.kind, 'sandbox_failed');
    assert.match(failure?.text ?? '', /could not be started: spawn .* ENOENT$/);
    renameSync(`${nodePath}.gone`, nodePath);
    assert.deepEqual(textsOf((await finishCell(session, 'text(2)')).items), ['2']);
    await session.close();
  });
});
