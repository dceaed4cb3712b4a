import assert from 'node:assert/strict';
import { type ChildProcess, spawn as nodeSpawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type Spawn, spawnEarly, spawnEngine } from '../../../sandbox/process/early-spawn.ts';
import { engineNode } from '../../../sandbox/process/engine-node.ts';
import {
  type HostSandboxOptions,
  ProcessSandbox,
} from '../../../sandbox/process/process-sandbox.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';

const NODE = engineNode(undefined);

/** A process of the test, of which nothing is heard but what the test emits. */
class FakeChild extends EventEmitter {
  readonly stdio = [];
  readonly signals: unknown[] = [];
  isRef = true;
  ref(): void {
    this.isRef = true;
  }
  unref(): void {
    this.isRef = false;
  }
  kill(signal: unknown): void {
    this.signals.push(signal);
  }
}

/** Starts fake processes, in their order. */
function fakes(t: TestContext) {
  const children: FakeChild[] = [];
  const spawn = t.mock.fn<Spawn>(() => {
    const child = new FakeChild();
    children.push(child);
    return child as unknown as ChildProcess;
  });
  return { children, spawn };
}

describe('spawnEarly', { timeout: 60_000 }, () => {
  it('starts a process that is taken once, and keeps this one alive from then on', (t) => {
    const { children, spawn } = fakes(t);
    const later = spawnEarly(() => NODE, { spawn });
    assert.equal(children.length, 1);
    assert.equal(children[0]!.isRef, false);
    assert.equal(spawnEngine({ nodePath: NODE, launch: [], spawn: later }), children[0]);
    assert.equal(children[0]!.isRef, true);
    assert.equal(spawnEngine({ nodePath: NODE, launch: [], spawn: later }), children[1]);
    assert.deepEqual(children[0]!.signals, []);
  });

  it('ends the process if another kind is wanted', (t) => {
    const { children, spawn } = fakes(t);
    const later = spawnEarly(() => NODE, { spawn });
    assert.equal(spawnEngine({ nodePath: NODE, launch: ['prlimit'], spawn: later }), children[1]);
    assert.deepEqual(children[0]!.signals, ['SIGKILL']);
    assert.equal(spawnEngine({ nodePath: NODE, launch: [], spawn: later }), children[2]);
  });

  for (const event of ['error', 'exit']) {
    it(`starts another one if that is gone by ${event}`, (t) => {
      const { children, spawn } = fakes(t);
      const later = spawnEarly(() => NODE, { spawn });
      children[0]!.emit(event, new Error('planned'));
      assert.equal(spawnEngine({ nodePath: NODE, launch: [], spawn: later }), children[1]);
    });
  }

  it('tells of nothing that the one who takes a process will be told', (t) => {
    const { spawn } = fakes(t);
    const fails = () => {
      throw new Error('planned');
    };
    assert.equal(typeof spawnEarly(fails), 'function');
    const later = spawnEarly(() => NODE, { spawn: fails });
    assert.throws(() => spawnEngine({ nodePath: NODE, launch: [], spawn: later }), /planned/);
    assert.equal(spawn.mock.callCount(), 0);
  });

  it('starts a process that compiles for others with a word after its entry', (t) => {
    const { spawn } = fakes(t);
    const start = { nodePath: NODE, launch: [], spawn };
    spawnEngine({ ...start, rehearses: true });
    spawnEngine(start);
    const [first, second] = spawn.mock.calls.map(({ arguments: [, args] }) => args);
    assert.deepEqual(first, [...second!, 'rehearse']);
  });

  it('starts a process that ends with this one by words before it, and tells it so', (t) => {
    const { spawn } = fakes(t);
    const endWithHost = ['/bin/guard', '--now'];
    spawnEngine({ nodePath: NODE, launch: ['prlimit'], endWithHost, rehearses: true, spawn });
    spawnEngine({ nodePath: NODE, spawn });
    const [first, second] = spawn.mock.calls.map(({ arguments: [command, args] }) => [
      command,
      ...args,
    ]);
    assert.deepEqual(first, ['prlimit', ...endWithHost, ...second!, 'rehearse', 'ends-with-host']);
  });

  it('takes a process that was started early only if that ends with this one as wanted', (t) => {
    const { children, spawn } = fakes(t);
    const endWithHost = ['/bin/guard'];
    const later = spawnEarly(() => NODE, { endWithHost, spawn });
    assert.equal(spawnEngine({ nodePath: NODE, endWithHost, spawn: later }), children[0]);
    const other = spawnEarly(() => NODE, { endWithHost, spawn });
    assert.equal(spawnEngine({ nodePath: NODE, spawn: other }), children[2]);
    assert.deepEqual(children[1]!.signals, ['SIGKILL']);
  });

  it('gives a sandbox its first process', async () => {
    const pids: unknown[] = [];
    const spawn: Spawn = (...args) => {
      const child = nodeSpawn(...args);
      pids.push(child.pid);
      return child;
    };
    const options: HostSandboxOptions = { spawn: spawnEarly(() => NODE, { spawn }) };
    await using sandbox = new ProcessSandbox(options);
    const { session } = recordedSession(sandbox);
    assert.deepEqual(textsOf((await finishCell(session, 'text(1)')).items), ['1']);
    assert.equal(sandbox.pids[0], pids[0]);
    await session.close();
  });

  it('leaves the process to end with this one if nobody takes it', async () => {
    const children: ChildProcess[] = [];
    const spawn: Spawn = (...args) => {
      const child = nodeSpawn(...args);
      children.push(child);
      return child;
    };
    spawnEarly(() => NODE, { spawn });
    const [child] = children;
    assert.ok(child);
    child.ref();
    const exit = once(child, 'exit');
    (child.stdio[3] as Socket).destroy();
    assert.deepEqual(await exit, [null, 'SIGKILL']);
  });
});
