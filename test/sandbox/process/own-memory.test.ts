import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { OwnMemory } from '../../../sandbox/process/own-memory.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { recordedSession } from '../../support/finished-cell.ts';

const MIB = 1 << 20;

describe('OwnMemory', () => {
  it('ends a process that is well over its limit, as long as a program runs', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let used = 1_100 * MIB;
    let excesses = 0;
    const usedBytes = () => used;
    const onExcess = () => {
      excesses += 1;
    };
    const memory = new OwnMemory({ limitBytes: 1_024 * MIB, usedBytes, onExcess });
    const { promise, resolve } = Promise.withResolvers<void>();
    const watched = memory.watch(promise);
    t.mock.timers.tick(1_000);
    assert.equal(excesses, 0);
    used = 1_160 * MIB;
    t.mock.timers.tick(10);
    assert.equal(excesses, 1);
    resolve();
    await watched;
  });

  it('looks at nothing when no program runs', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let looks = 0;
    const usedBytes = () => {
      looks += 1;
      return 0;
    };
    const memory = new OwnMemory({ limitBytes: MIB, usedBytes, onExcess: () => {} });
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const watched = [memory.watch(first.promise), memory.watch(second.promise)];
    first.resolve();
    await watched[0];
    t.mock.timers.tick(100);
    assert.equal(looks, 2);
    second.resolve();
    await watched[1];
    t.mock.timers.tick(1_000);
    assert.equal(looks, 2);
  });
});

describe('A process sandbox whose host is busy', { timeout: 60_000 }, () => {
  it('lets no process grow far over its limit', async () => {
    await using sandbox = processSandbox({ spares: 0, limits: { maxProcessBytes: 256 * MIB } });
    const { session } = recordedSession(sandbox);
    // V8 does not count these buffers as part of the heap.
    const source = `yield_control(); const all = [];
      for (;;) {
        const buffer = new ArrayBuffer(1 << 22, { maxByteLength: 1 << 23 });
        new Uint8Array(buffer).fill(1);
        all.push(buffer);
      }`;
    const { cellId, first } = await session.execute({ source });
    await first;
    const pid = sandbox.pidOf(session.symbol);
    // Nothing of the host runs until the process has gone.
    let peakBytes = 0;
    for (let bytes = 1; bytes > 0; ) {
      bytes = residentBytesOf(pid);
      peakBytes = Math.max(peakBytes, bytes);
    }
    assert.ok(peakBytes < 700 * MIB, `${peakBytes / MIB} MiB`);
    const event = await session.observe(cellId, { yieldAfterMs: 10_000 });
    assert.ok(event.type === 'completed');
    assert.equal(event.failure?.kind, 'memory');
    assert.match(event.failure?.text ?? '', /limit of 256 MiB \(maxProcessBytes\)/);
    await session.close();
  });
});

/** 0 when it has gone, although nobody has asked how it ended. */
function residentBytesOf(pid: number | undefined): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4_096;
}
