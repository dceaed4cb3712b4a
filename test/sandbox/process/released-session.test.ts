import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ProcessSandbox, processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { residentBytes } from '../../../sandbox/process/resident-bytes.ts';
import { finishCell, recordedSession } from '../../support/finished-cell.ts';

const MIB = 1 << 20;
const LEFT_BYTES = 40 * MIB;
/** Leaves 48 MiB in its isolate, which is kept for the next cell of the session: V8 never collects such symbols. */
const LEAVE = `for (let n = 0; n < 48; n += 1) Symbol.for('x'.repeat(1 << 20) + n)`;

/** A session with a cell that waits, one beside it that has left an isolate, and their process. */
async function leaveIsolate(sandbox: ProcessSandbox, isOtherBusy: boolean) {
  const other = recordedSession(sandbox).session;
  const { session } = recordedSession(sandbox);
  await finishCell(other, 'text(1)');
  if (isOtherBusy) await other.execute({ source: 'await tools.never()' });
  const pid = sandbox.pidOf(other.symbol);
  const before = residentBytes(pid);
  assert.equal((await finishCell(session, LEAVE)).failure, null);
  const left = () => residentBytes(pid) - before;
  return { session, other, left };
}

describe('The isolates of a session', { timeout: 60_000 }, () => {
  const options = { limits: { maxHeapBytes: 1_024 * MIB }, spares: 0, sessionsPerProcess: 2 };

  it('are disposed after its last cell while its process runs cells of others', async () => {
    await using sandbox = processSandbox(options);
    const { session, other, left } = await leaveIsolate(sandbox, true);
    assert.equal(sandbox.stats.processes, 1);
    assert.equal(sandbox.pidOf(session.symbol), undefined);
    while (left() > LEFT_BYTES) await finishCell(other, 'text(2)');
    await Promise.all([session.close(), other.close()]);
  });

  it('are disposed when its process serves another one after it', async () => {
    await using sandbox = processSandbox(options);
    const { session, other, left } = await leaveIsolate(sandbox, false);
    assert.ok(left() > LEFT_BYTES, `${left()} bytes are left`);
    while (left() > LEFT_BYTES) await finishCell(other, 'text(2)');
    await Promise.all([session.close(), other.close()]);
  });
});
