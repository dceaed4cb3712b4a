import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spawnHost } from '../../../host/index.ts';
import { programs, statFields, untilGone } from '../../support/processes.ts';

const CLI = fileURLToPath(new URL('../../../bin/cellhost.js', import.meta.url));
/** Of 10 ms each: nothing but a program that spins uses so many. */
const SPUN_TICKS = 200;

/** The sandbox processes below this one. */
function sandboxes(): readonly number[] {
  const all = programs().filter(({ command }) => command.includes('child-start'));
  for (const { command } of all) assert.match(command, / ends-with-host $/);
  return all.map(({ pid }) => pid);
}

/** Resolves when one of them computes. */
async function untilSpinning(): Promise<void> {
  const used = (pid: number) => Number(statFields(`${pid}/task/${pid}`)[11]);
  while (!sandboxes().some((pid) => used(pid) > SPUN_TICKS)) await setTimeout(20);
}

describe('A program that is killed', {
  timeout: 60_000,
  skip: process.platform !== 'linux',
}, () => {
  it('takes the cell with it that spins, the second one of a host', async () => {
    const client = await spawnHost();
    const delegate = { invokeTool: async () => null, notify: async () => {} };
    const session = await client.openSession({ delegate });
    await (await session.execute({ source: '' })).first;
    const { first } = await session.execute({
      source: 'yield_control(); for (;;);',
      observe: { yieldAfterMs: 60_000 },
    });
    await first;
    await untilSpinning();
    const pids = sandboxes();
    const host = programs().find(({ command }) => command.includes('bin/codex-code-mode-host.js'));
    process.kill(host!.pid, 'SIGKILL');
    for (const pid of pids) await untilGone(pid);
    await client.close();
  });

  it('takes the cell with it that cellhost run was given', async () => {
    const command = spawn(process.execPath, [CLI, 'run', '-e', 'await null; for (;;);'], {
      stdio: 'ignore',
    });
    while (sandboxes().length === 0) await setTimeout(20);
    const pids = sandboxes();
    command.kill('SIGKILL');
    for (const pid of pids) await untilGone(pid);
  });
});
