import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BLAME_MS, BlamedSessions } from '../../../sandbox/process/blamed-sessions.ts';
import { processSandbox } from '../../../sandbox/process/process-sandbox.ts';
import { finishCell, recordedSession } from '../../support/finished-cell.ts';

const UNSTOPPABLE = '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)';
const LONG = { yieldAfterMs: 60_000 } as const;

describe('BlamedSessions', () => {
  it('remembers who brought a process down for 10 s', () => {
    const blamed = new BlamedSessions();
    const [one, other] = [Symbol('one'), Symbol('other')];
    blamed.ended('stuck', [one], 5);
    assert.equal(blamed.has(one, 5 + BLAME_MS - 1), true);
    assert.equal(blamed.has(other, 5), false);
    assert.equal(blamed.has(one, 5 + BLAME_MS), false);
    assert.equal(blamed.has(one, 5), false);
  });

  it('blames nobody for what a host does by itself', () => {
    const blamed = new BlamedSessions();
    const session = Symbol('session');
    for (const cause of ['worn', 'idle', 'closed'] as const) blamed.ended(cause, [session], 0);
    assert.equal(blamed.has(session, 0), false);
  });

  it('forgets the oldest of more than 1,024', () => {
    const blamed = new BlamedSessions();
    const sessions = Array.from({ length: 1_025 }, (_, n) => Symbol(n));
    blamed.ended('crashed', sessions, 0);
    assert.deepEqual(
      [0, 1, 1_024].map((at) => blamed.has(sessions[at]!, 0)),
      [false, true, true],
    );
  });
});

describe('A session that does not stop', { timeout: 60_000 }, () => {
  it('does not take the process that another session used a moment ago', async () => {
    await using sandbox = processSandbox({ spares: 0, limits: { stopMs: 50 } });
    const { session: bad } = recordedSession(sandbox);
    const { session: good } = recordedSession(sandbox);
    const runStuck = async () => {
      const source = `yield_control(); ${UNSTOPPABLE}`;
      const { cellId, first } = await bad.execute({ source, observe: LONG });
      await first;
      return cellId;
    };
    let stuck = await runStuck();
    await finishCell(good, 'text(1)');
    const pid = sandbox.pidOf(good.symbol);
    for (let round = 0; round < 3; round += 1) {
      await bad.terminate(stuck);
      stuck = await runStuck();
      await finishCell(good, 'text(1)');
      assert.equal(sandbox.pidOf(good.symbol), pid, `round ${round}`);
    }
    assert.ok(sandbox.stats.ended.stuck > 0);
    await bad.close();
    await good.close();
  });
});
