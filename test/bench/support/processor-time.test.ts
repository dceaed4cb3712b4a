import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import {
  CAN_READ_OTHERS,
  endedChildrenMicros,
  processorMicros,
} from '../../../bench/support/processor-time.ts';

/** Uses 50 ms of processor time, reports how much it has used, and stays. */
const BUSY = `
  const used = () => { const { user, system } = process.cpuUsage(); return user + system; };
  const start = used();
  while (used() - start < 50_000);
  console.log(used());
  setInterval(() => {}, 60_000);`;

describe('processorMicros', () => {
  it('counts what this process uses', () => {
    const before = processorMicros(process.pid);
    const { user, system } = process.cpuUsage();
    const after = processorMicros(process.pid);
    assert.ok(before <= user + system && user + system <= after);
  });

  it('reads the time of another process; one that is gone counts as an ended child', async () => {
    const child = spawn(process.execPath, ['-e', BUSY], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [text] = await once(child.stdout, 'data');
    const ended = endedChildrenMicros(process.pid);
    const found = processorMicros(child.pid!);
    child.kill('SIGKILL');
    await once(child, 'exit');
    if (CAN_READ_OTHERS) assert.ok(found >= 50_000 && found >= 0.9 * Number(text), `${found}`);
    assert.equal(processorMicros(child.pid!), 0);
    if (CAN_READ_OTHERS) assert.ok(endedChildrenMicros(process.pid) - ended >= 40_000);
  });
});
