import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isolateSandbox } from '../../../sandbox/index.ts';
import type { SandboxLimits } from '../../../sandbox/limits.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import type { Delegate } from '../../../src/delegate.ts';
import { SessionRuntime } from '../../../src/runtime/session-runtime.ts';
import type { Sandbox } from '../../../src/sandbox.ts';
import type { Session } from '../../../src/session.ts';
import { finishCell } from '../../support/finished-cell.ts';

const SPIN = 'for (;;);';
const delegate: Delegate = { invokeTool: async () => null, notify: async () => {} };

const PLACES: Readonly<Record<string, (limits: Partial<SandboxLimits>) => Sandbox>> = {
  'in this process': (limits) => isolateSandbox({ limits }),
  'in a sandbox process': (limits) => processSandbox({ limits, spares: 0 }),
  'in a shared sandbox process': (limits) =>
    processSandbox({ limits, spares: 0, sessionsPerProcess: 2 }),
};

/** Starts a cell and resolves when its phase, told by its events, is this one. */
async function startUntil(session: Session, source: string, phase: string): Promise<string> {
  const { cellId } = await session.execute({ source, observe: { yieldAfterMs: 0 } });
  for await (const event of session.events(cellId)) {
    if (event.type === 'phase' && event.phase === phase) break;
  }
  return cellId;
}

for (const [place, make] of Object.entries(PLACES)) {
  describe(`Cells that wait for their turn, ${place}`, { timeout: 30_000 }, () => {
    it('are listed as waiting, are terminated at once, and leave the others their order', async () => {
      await using sandbox = make({ maxRunningPrograms: 2 });
      await using session = new SessionRuntime({ delegate, sandbox });
      for (let n = 0; n < 2; n += 1) await session.execute({ source: SPIN });
      const waiting = await startUntil(session, SPIN, 'waiting');
      const phases = (await session.cells()).map((cell) => cell.phase);
      assert.deepEqual(phases, ['running', 'running', 'waiting']);
      assert.equal((await session.terminate(waiting)).type, 'terminated');
      const last = await session.execute({ source: 'text(1)' });
      await session.terminate('1');
      const event = await last.first;
      assert.deepEqual(event.items, [{ type: 'input_text', text: '1' }]);
    });

    it('yield to their observers, and do not use up their run time', async () => {
      await using sandbox = make({ maxRunningPrograms: 1 });
      await using session = new SessionRuntime({ delegate, sandbox, limits: { maxRunMs: 1_500 } });
      await session.execute({ source: SPIN });
      const waiting = await session.execute({ source: 'text(1)', observe: { yieldAfterMs: 1 } });
      assert.equal((await waiting.first).type, 'yielded');
      const event = await session.observe(waiting.cellId);
      assert.equal(event.type === 'completed' && event.failure, null);
    });

    it('are none without a limit', async () => {
      await using sandbox = make({ maxRunningPrograms: Number.POSITIVE_INFINITY });
      await using session = new SessionRuntime({ delegate, sandbox });
      for (let n = 0; n < 5; n += 1) await session.execute({ source: SPIN });
      assert.equal((await finishCell(session, 'text(1)')).failure, null);
    });

    it('are not those of another session', async () => {
      await using sandbox = make({ maxRunningPrograms: 1 });
      await using busy = new SessionRuntime({ delegate, sandbox });
      await using other = new SessionRuntime({ delegate, sandbox });
      await busy.execute({ source: SPIN });
      await startUntil(busy, SPIN, 'waiting');
      assert.equal((await finishCell(other, 'text(1)')).failure, null);
    });
  });
}
