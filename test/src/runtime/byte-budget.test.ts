import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { JsonText } from '../../../src/delegate.ts';
import { ByteBudget } from '../../../src/runtime/byte-budget.ts';
import { brief, expectEvent } from '../../support/events.ts';
import { dropFakeSessions, fakeSession, STUBBORN } from '../../support/fake-session.ts';
import { settled } from '../../support/gates.ts';
import { scriptedCallbacks } from '../../support/scripted-callbacks.ts';

describe('ByteBudget', () => {
  it('reserves in all enclosing budgets or in none', () => {
    const host = new ByteBudget('host', 100);
    const session = new ByteBudget('session', 80, host);
    const [one, other] = [new ByteBudget('cell', 60, session), new ByteBudget('cell', 60, session)];
    assert.equal(one.reserve(60), null);
    assert.equal(one.reserve(1), one);
    assert.equal(other.reserve(30), session);
    assert.deepEqual([other.used, session.used, host.used], [0, 60, 60]);
    assert.equal(new ByteBudget('another', 100, host).reserve(41), host);
    one.free(60);
    assert.deepEqual([one.used, session.used, host.used], [0, 0, 0]);
  });

  it('never exceeds any bound, and ends empty, in any order (property)', () => {
    const move = fc.record({ cell: fc.nat({ max: 5 }), bytes: fc.integer({ min: -1, max: 40 }) });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
        const host = new ByteBudget('host', 100);
        const sessions = [0, 1].map(() => new ByteBudget('session', 70, host));
        const cells = Array.from(
          { length: 6 },
          (_, n) => new ByteBudget('cell', 50, sessions[n % 2]!),
        );
        const held = cells.map((): number[] => []);
        for (const { cell, bytes } of moves) {
          const freed = bytes < 0 ? held[cell]!.shift() : undefined;
          if (freed !== undefined) cells[cell]!.free(freed);
          else if (bytes >= 0 && cells[cell]!.reserve(bytes) === null) held[cell]!.push(bytes);
          for (const budget of [host, ...sessions, ...cells]) {
            assert.ok(budget.used >= 0 && budget.used <= budget.maxBytes);
          }
          const sum = held.flat().reduce((total, one) => total + one, 0);
          assert.equal(host.used, sum);
        }
      }),
    );
  });
});

describe('The budget of pending callbacks', () => {
  it('fails a call that does not fit, and has room again when others are answered', async () => {
    const { call, delegate, budget } = scriptedCallbacks(undefined, 2_000);
    const waiting = [call('block'), call('block'), call('block')];
    const { ok, text } = await call('block');
    assert.equal(ok, false);
    assert.match(text, /limit is 2000 bytes \(maxCellPendingBytes\)/);
    delegate.tools.releaseAll(1);
    await Promise.all(waiting);
    assert.equal(budget.used, 0);
    const again = call('block');
    delegate.tools.releaseAll(1);
    assert.equal((await again).ok, true);
  });

  it('counts a result that arrived as text while it waits for its program, and refuses none', async () => {
    const { call, budget, room } = scriptedCallbacks(
      () => new JsonText(`"${'x'.repeat(100)}"`),
      2_000,
    );
    const { promise, resolve } = Promise.withResolvers<boolean>();
    room.full = promise;
    const first = call('any');
    await settled();
    assert.equal(budget.waiting, 512 + 2 * 102);
    const second = call('any');
    await settled();
    assert.equal(budget.waiting, 2 * (512 + 2 * 102));
    resolve(true);
    assert.equal((await first).ok && (await second).ok, true);
    assert.deepEqual([budget.used, budget.waiting], [0, 0]);
  });

  it('reports a notification that does not fit', () => {
    const { notify, overruns } = scriptedCallbacks(undefined, 1_000);
    void notify('block');
    void notify('x'.repeat(1_000));
    assert.deepEqual(overruns, ['maxCellPendingBytes']);
  });

  it('does not count calls that were abandoned', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { call, callbacks, budget } = scriptedCallbacks(() => new Promise(() => {}), 10_000);
    void call('stubborn');
    assert.ok(budget.used > 0);
    const cancelled = callbacks.cancel('terminate');
    t.mock.timers.tick(100);
    await cancelled;
    assert.equal(budget.used, 0);
  });

  it('bounds all cells of a session together, and a notification that exceeds it stops its cell', async () => {
    const { begin, session } = fakeSession({ limits: { maxPendingBytes: 3_000 } });
    const [one, other] = [await begin(), await begin()];
    for (let n = 0; n < 5; n += 1) void one.run.callTool(STUBBORN);
    assert.match((await other.run.callTool(STUBBORN, 'x'.repeat(200))).text, /maxPendingBytes/);
    void other.run.notify('x'.repeat(1_000));
    await settled();
    const { failure } = expectEvent(await other.first, 'completed');
    assert.equal(failure?.kind, 'limit');
    assert.match(failure?.text ?? '', /maxPendingBytes \(3000 bytes/);
    assert.equal(brief(await session.terminate(one.cellId)), 'terminated');
    dropFakeSessions();
  });

  it('bounds sessions that share a budget', async () => {
    const budget = new ByteBudget('host', 1_500);
    const [one, other] = [fakeSession({ budget }), fakeSession({ budget })];
    void (await one.begin()).run.callTool(STUBBORN);
    void (await one.begin()).run.callTool(STUBBORN);
    assert.match((await (await other.begin()).run.callTool(STUBBORN)).text, /\(host\)/);
    dropFakeSessions();
    await one.session.close();
    assert.equal(budget.used, 0);
  });
});
