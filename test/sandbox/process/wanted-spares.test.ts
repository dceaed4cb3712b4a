import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { DEFAULT_SANDBOX_LIMITS } from '../../../sandbox/limits.ts';
import { EnginePool } from '../../../sandbox/process/engine-pool.ts';
import { Up } from '../../../sandbox/process/message-kinds.ts';
import { defaultProcessLimits } from '../../../sandbox/process/process-sandbox.ts';
import { WantedSpares } from '../../../sandbox/process/wanted-spares.ts';
import { settled } from '../../support/gates.ts';

describe('WantedSpares', () => {
  it('are one more while a session lacks relief', () => {
    const wanted = new WantedSpares(2);
    assert.equal(wanted.count, 2);
    wanted.lackedRelief(true);
    assert.equal(wanted.count, 3);
    wanted.lackedRelief(false);
    assert.equal(wanted.count, 2);
  });

  it('are one more, once, if no compiled code was found, until one rehearses', () => {
    const wanted = new WantedSpares(1);
    assert.equal(wanted.foundNoCode(), true);
    assert.equal(wanted.foundNoCode(), false);
    assert.equal(wanted.count, 2);
    wanted.rehearses();
    assert.equal(wanted.count, 1);
    assert.equal(wanted.foundNoCode(), false);
    assert.equal(wanted.count, 1);
  });

  it('are one more for both reasons together', () => {
    const wanted = new WantedSpares(1);
    wanted.lackedRelief(true);
    wanted.foundNoCode();
    assert.equal(wanted.count, 2);
  });

  it('are none if none are wanted as a rule', () => {
    const wanted = new WantedSpares(0);
    wanted.lackedRelief(true);
    wanted.foundNoCode();
    assert.equal(wanted.count, 0);
  });
});

/** A pool on a clock of the test, whose processes say only whether they lack compiled code. */
async function poolOf(t: TestContext, lacksCode: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'cellhost-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = join(folder, 'process.mjs');
  const frames = new URL('../../../sandbox/process/frames.ts', import.meta.url).href;
  writeFileSync(
    script,
    `import { Socket } from 'node:net';
     import { FrameWriter } from ${JSON.stringify(frames)};
     const pipe = new Socket({ fd: 3, readable: true, writable: true });
     pipe.on('error', () => process.exit());
     pipe.on('close', () => process.exit());
     pipe.resume();
     new FrameWriter((chunk) => pipe.write(chunk)).send(${Up.Pong}, 0, ${Number(lacksCode)}, 0);`,
  );
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const rehearses: boolean[] = [];
  const pool = new EnginePool({
    nodePath: process.execPath,
    sandboxLimits: DEFAULT_SANDBOX_LIMITS,
    limits: defaultProcessLimits(),
    spares: 1,
    sessionsPerProcess: 1,
    spawn: (command, args, options) => {
      rehearses.push(args.includes('rehearse'));
      return spawn(command, [script], { ...options, cwd: folder });
    },
    onRoom: () => {},
  });
  t.after(() => pool.close());
  const allReady = async () => {
    while (pool.engines.some((engine) => !engine.ready)) await new Promise(setImmediate);
  };
  const passed = async () => {
    t.mock.timers.tick(1_000);
    await settled();
    await allReady();
  };
  await settled();
  await allReady();
  return { pool, rehearses, passed };
}

describe('A pool', { timeout: 60_000 }, () => {
  it('starts a spare to compile for later processes if the first found nothing, once', async (t) => {
    const { pool, rehearses, passed } = await poolOf(t, true);
    assert.deepEqual(rehearses, [false]);
    await passed();
    assert.deepEqual(rehearses, [false, true]);
    await passed();
    await passed();
    assert.deepEqual(rehearses, [false, true]);
    assert.equal(pool.reap(Number.POSITIVE_INFINITY, false), true);
    assert.equal(pool.counts.processes, 1);
  });

  it('starts none if the first found compiled code', async (t) => {
    const { rehearses, passed } = await poolOf(t, false);
    await passed();
    await passed();
    assert.deepEqual(rehearses, [false]);
  });
});
