import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { residentBytes } from '../../../sandbox/process/resident-bytes.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';

/** What Node.js lets its own heap grow by meanwhile, also if each cell gets a new isolate, and noise. */
const NOISE_BYTES = 64 << 20;

describe('The memory of a session that runs many cells', { timeout: 60_000 }, () => {
  it('is that of a session that ran ten', async () => {
    await using sandbox = processSandbox({ limits: { maxProgramsPerProcess: 10_000 } });
    const { session } = recordedSession(sandbox);
    await using _ = session;
    const runCells = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        const { items } = await finishCell(
          session,
          `store('n', ${n}); text((await tools.echo(${n})) + 1)`,
        );
        assert.deepEqual(textsOf(items), [String(n + 1)]);
      }
    };
    const bytes = () => residentBytes(sandbox.pidOf(session.symbol));
    await runCells(10);
    const before = bytes();
    assert.ok(before > 0);
    await runCells(990);
    const grown = bytes() - before;
    assert.ok(grown < NOISE_BYTES, `${grown >> 20} MiB more than after ten cells`);
  });
});
