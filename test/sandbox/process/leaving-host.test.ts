import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DEFAULT_SANDBOX_LIMITS } from '../../../sandbox/limits.ts';
import { engineNode } from '../../../sandbox/process/engine-node.ts';
import { EnginePool } from '../../../sandbox/process/engine-pool.ts';
import { defaultProcessLimits } from '../../../sandbox/process/process-sandbox.ts';
import { settled } from '../../support/gates.ts';
import { untilGone } from '../../support/processes.ts';

const SANDBOX = fileURLToPath(
  new URL('../../../sandbox/process/process-sandbox.ts', import.meta.url),
);
const ROUTINES = ['for (;;) {}', 'await tools.a()', 'await new Promise(() => {})'];

describe('Leaving the sandbox processes behind', { timeout: 30_000 }, () => {
  it('resolves when all are killed, also if the system has freed none of them', async () => {
    const killed: unknown[] = [];
    const ends: (() => boolean)[] = [];
    const pool = new EnginePool({
      nodePath: engineNode(undefined),
      sandboxLimits: DEFAULT_SANDBOX_LIMITS,
      limits: defaultProcessLimits(),
      spares: 2,
      sessionsPerProcess: 1,
      spawn: (_command, _args, options) => {
        const child = spawn('sleep', ['60'], options);
        const kill = child.kill.bind(child);
        ends.push(() => kill('SIGKILL'));
        child.kill = (signal) => killed.push(signal) > 0;
        return child;
      },
      onRoom: () => {},
    });
    await settled();
    assert.equal(ends.length, 2);
    await pool.close(false);
    assert.deepEqual(killed, ['SIGKILL', 'SIGKILL']);
    assert.equal(pool.counts.processes, 0);
    for (const end of ends) end();
  });

  it('lets its host exit at once, and no program outlives that, whatever it does', async () => {
    const code = `
      import { processSandbox } from ${JSON.stringify(SANDBOX)};
      const sandbox = processSandbox({ spares: 1 });
      const nothing = () => {};
      const program = { tools: [{ identifier: 'a', description: '' }], values: new Map(),
        toolErrors: 'error', console: false, globals: 'standard', hold: false };
      const started = ${JSON.stringify(ROUTINES)}.map((source) => new Promise((started) => {
        const calls = { started, waits: nothing, output: nothing, yieldControl: nothing,
          store: nothing, call: nothing, notify: nothing, frontier: nothing };
        sandbox.run({ ...program, source }, calls, Symbol());
      }));
      await Promise.all(started);
      console.log(JSON.stringify(sandbox.pids));
      await Promise.all([sandbox.leave(), sandbox.leave(), sandbox.close()]);`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    const pids = JSON.parse(stdout) as readonly number[];
    assert.ok(pids.length >= ROUTINES.length);
    await Promise.all(pids.map(untilGone));
  });
});
