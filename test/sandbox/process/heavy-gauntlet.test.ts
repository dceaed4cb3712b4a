import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { residentBytes } from '../../../sandbox/process/resident-bytes.ts';
import type { Delegate } from '../../../src/delegate.ts';
import { SessionRuntime } from '../../../src/runtime/session-runtime.ts';
import { finishCell, recordedSession, textsOf } from '../../support/finished-cell.ts';

interface Bomb {
  readonly source: string;
  /** How many at once. Default 1. */
  readonly cells?: number;
  /** Whether tools answer. Default true. */
  readonly reply?: boolean;
  /** The length of the text that tools answer. */
  readonly result?: number;
}

/** Programs that send, ask for or compute more than others leave room for. */
const BOMBS = JSON.parse(
  readFileSync(new URL('../../data/bombs-bytes.json', import.meta.url), 'utf8'),
) as Record<string, Bomb>;

const WITNESS_CELLS = 20;
/** What this process and all sandbox processes may use, including this test. */
const MAX_BYTES = 1_536 << 20;

/** Does not look into arguments: what waits here waits as it came. */
function delegateOf({ reply = true, result }: Bomb): Delegate {
  const answer = result === undefined ? 1 : 'x'.repeat(result);
  const settle = () => (reply ? Promise.resolve(answer) : new Promise<never>(() => {}));
  return { invokeTool: settle, notify: async () => void (await settle()) };
}

/** Runs cells one after another. */
async function witness(session: SessionRuntime, seen: () => void): Promise<void> {
  for (let n = 0; n < WITNESS_CELLS; n += 1) {
    const { items, failure } = await finishCell(session, `text(load('kept') + ${n})`);
    assert.deepEqual([textsOf(items), failure], [[String(42 + n)], null]);
    seen();
  }
}

describe('A hostile program that weighs much, in the process of the embedder', {
  timeout: 300_000,
}, () => {
  for (const [name, bomb] of Object.entries(BOMBS)) {
    it(`harms nobody: ${name}`, async () => {
      await using sandbox = processSandbox();
      const { session: good } = recordedSession(sandbox);
      const tools = [{ name: 'echo', description: '' }];
      const bad = new SessionRuntime({ sandbox, delegate: delegateOf(bomb), tools });
      await finishCell(good, `store('kept', 42)`);
      await finishCell(bad, `store('mine', 1)`);
      const { source, cells = 1 } = bomb;
      const started = await Promise.all(
        Array.from({ length: cells }, () =>
          bad.execute({ source, observe: { yieldAfterMs: 1_000 } }),
        ),
      );
      const used = () =>
        [process.pid, ...sandbox.pids].reduce((sum, pid) => sum + residentBytes(pid), 0);
      let mostBytes = 0;
      await witness(good, () => {
        mostBytes = Math.max(mostBytes, used());
      });
      assert.ok(mostBytes < MAX_BYTES, `${mostBytes >> 20} MiB`);
      for (const { cellId, first } of started) {
        const { type } = await first;
        if (type === 'yielded') assert.notEqual((await bad.terminate(cellId)).type, 'yielded');
      }
      assert.deepEqual(textsOf((await finishCell(bad, `text(load('mine'))`)).items), ['1']);
      await witness(good, () => {});
      await Promise.all([good.close(), bad.close()]);
    });
  }
});
