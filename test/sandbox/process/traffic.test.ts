import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { DEFAULT_SANDBOX_LIMITS } from '../../../sandbox/limits.ts';
import { engineNode } from '../../../sandbox/process/engine-node.ts';
import { EnginePool } from '../../../sandbox/process/engine-pool.ts';
import { EngineProcess } from '../../../sandbox/process/engine-process.ts';
import { defaultProcessLimits } from '../../../sandbox/process/process-sandbox.ts';
import { Traffic } from '../../../sandbox/process/traffic.ts';
import { contractProgram } from '../../contract/contract-program.ts';
import { settled } from '../../support/gates.ts';
import { RecordingCalls } from '../../support/recording-calls.ts';

describe('Traffic', () => {
  it('is low if little was carried since the last time, by all processes together', () => {
    const [first, second] = [{ traffic: 0 }, { traffic: 0 }];
    const traffic = new Traffic(() => [first, second]);
    assert.equal(traffic.isLow(), true);
    first.traffic += 4;
    second.traffic += 3;
    assert.equal(traffic.isLow(), true);
    first.traffic += 4;
    second.traffic += 4;
    assert.equal(traffic.isLow(), false);
    assert.equal(traffic.isLow(), true);
  });

  it('is low after processes have gone', () => {
    const processes = [{ traffic: 1_000 }, { traffic: 5 }];
    const traffic = new Traffic(() => processes);
    assert.equal(traffic.isLow(), false);
    processes.shift();
    assert.equal(traffic.isLow(), true);
    processes[0]!.traffic += 8;
    assert.equal(traffic.isLow(), false);
  });
});

/** A pool with a spare, on a clock of the test, and what runs a program in it. */
function startedPool(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  // However long this takes on a busy machine, a spare is not due.
  t.mock.method(performance, 'now', () => 0);
  const calls = new RecordingCalls();
  const hasRoom = Promise.withResolvers<void>();
  const pool = new EnginePool({
    nodePath: engineNode(undefined),
    sandboxLimits: DEFAULT_SANDBOX_LIMITS,
    limits: defaultProcessLimits(),
    spares: 1,
    sessionsPerProcess: 1,
    onRoom: () => hasRoom.resolve(),
  });
  t.after(() => pool.close());
  const run = async (source: string) => {
    await hasRoom.promise;
    const session = Symbol('session');
    const engine = pool.take(session);
    assert.ok(engine instanceof EngineProcess);
    calls.attach(engine.start(contractProgram(source), calls, session));
  };
  const passed = async () => {
    t.mock.timers.tick(40);
    await settled();
    return pool.counts.processes;
  };
  return { calls, run, passed };
}

describe('A spare', { timeout: 60_000 }, () => {
  it('is not replaced while a program makes many calls, but as soon as it makes few', async (t) => {
    const { calls, run, passed } = startedPool(t);
    await run('for (;;) await tools.a()');
    for (let n = 1; n <= 40; n += 1) {
      await calls.until('call', n);
      if (n % 8 === 0) assert.equal(await passed(), 1);
      calls.toolCalls[n - 1]!.answer({ ok: true, text: '1' });
    }
    await calls.until('call', 41);
    await passed();
    assert.equal(await passed(), 2);
  });
});
