import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { Cancelled } from '../../../src/errors.ts';
import { isSettled, settled } from '../../support/gates.ts';
import { assertNoTimersLeft } from '../../support/leaks.ts';
import { scriptedCallbacks } from '../../support/scripted-callbacks.ts';

function fakeClock(t: TestContext): (ms: number) => Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = performance.now();
  t.mock.method(performance, 'now', () => nowMs);
  return async (ms) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
    await settled();
  };
}

function times(count: number, act: () => unknown): void {
  for (let n = 0; n < count; n += 1) void act();
}

describe('Callbacks that are cancelled', () => {
  it('take 100 ms together: ten stubborn tools and ten stubborn notifications', async (t) => {
    const pass = fakeClock(t);
    const { callbacks, call, notify, counts } = scriptedCallbacks();
    times(10, () => call('stubborn'));
    times(10, () => notify('stubborn'));
    const cancelled = callbacks.cancel('terminate');
    await pass(99);
    assert.equal(await isSettled(cancelled), false);
    await pass(1);
    assert.equal(await isSettled(cancelled), true);
    assert.deepEqual(counts, { abandoned: 20, late: 0 });
    assert.equal(callbacks.idle, true);
  });

  it('share one deadline for two cancellations', async (t) => {
    const pass = fakeClock(t);
    const { callbacks, call, counts, delegate } = scriptedCallbacks();
    void call('stubborn');
    const first = callbacks.cancel('terminate');
    await pass(60);
    const second = callbacks.cancel('shutdown');
    await pass(40);
    assert.deepEqual([await isSettled(first), await isSettled(second)], [true, true]);
    assert.equal(counts.abandoned, 1);
    assert.deepEqual(delegate.log, ['1 tool-1 started', '1 tool-1 cancelled: terminate']);
  });

  it('of many cells take 100 ms together', async (t) => {
    const pass = fakeClock(t);
    const cells = Array.from({ length: 100 }, () => scriptedCallbacks());
    for (const { call, notify } of cells) {
      void call('stubborn');
      void notify('stubborn');
    }
    const closed = Promise.all(cells.map(({ callbacks }) => callbacks.cancel('shutdown')));
    await pass(100);
    assert.equal(await isSettled(closed), true);
  });

  it('are all aborted in the same tick, with a typed reason', () => {
    const { callbacks, call, notify, delegate } = scriptedCallbacks();
    times(3, () => call('block'));
    times(3, () => notify('block'));
    void callbacks.cancel('shutdown');
    assert.equal(delegate.signals.length, 6);
    for (const { aborted, reason } of delegate.signals) {
      assert.equal(aborted, true);
      assert.ok(reason instanceof Cancelled);
      assert.equal(reason.reason, 'shutdown');
      assert.equal(reason.name, 'AbortError');
    }
  });

  it('are awaited no longer than they take to stop', async (t) => {
    fakeClock(t);
    const { callbacks, call, notify, counts } = scriptedCallbacks();
    const answer = call('block');
    void notify('block');
    await callbacks.cancel('terminate');
    assert.deepEqual(await answer, { ok: false, text: 'code mode nested tool call cancelled' });
    assert.deepEqual(counts, { abandoned: 0, late: 0 });
  });

  it('are awaited until the slowest one that stops', async (t) => {
    const pass = fakeClock(t);
    const { callbacks, call, delegate } = scriptedCallbacks();
    times(2, () => call('stubborn'));
    const cancelled = callbacks.cancel('terminate');
    delegate.tools.release(null);
    assert.equal(await isSettled(cancelled), false);
    await pass(30);
    delegate.tools.release(null);
    assert.equal(await isSettled(cancelled), true);
  });

  it('leave no timer behind', async () => {
    await assertNoTimersLeft(async () => {
      const { callbacks, call, notify } = scriptedCallbacks();
      times(3, () => call('block'));
      times(3, () => notify('block'));
      await callbacks.cancel('terminate');
    });
  });

  it('are counted when they return too late, and their results are dropped', async (t) => {
    const pass = fakeClock(t);
    const { callbacks, call, notify, delegate, counts } = scriptedCallbacks();
    times(2, () => call('stubborn'));
    times(2, () => notify('stubborn'));
    const cancelled = callbacks.cancel('terminate');
    await pass(100);
    await cancelled;
    delegate.tools.release('late');
    delegate.notes.releaseAll();
    await settled();
    assert.deepEqual(counts, { abandoned: 4, late: 3 });
    assert.deepEqual(callbacks.pendingCalls, []);
  });

  it('do not affect the process when they fail too late', async (t) => {
    const pass = fakeClock(t);
    const failing = Promise.withResolvers<never>();
    const { callbacks, call, counts } = scriptedCallbacks(() => failing.promise);
    void call('any');
    const cancelled = callbacks.cancel('terminate');
    await pass(100);
    await cancelled;
    failing.reject(new Error('too late'));
    await settled();
    assert.deepEqual(counts, { abandoned: 1, late: 1 });
  });

  it('start nothing afterwards', async () => {
    const { callbacks, call, notify, delegate } = scriptedCallbacks();
    await callbacks.cancel('terminate');
    const refused = { ok: false, text: 'code mode nested tool call cancelled' };
    assert.deepEqual(await call('echo'), refused);
    await notify('hello');
    assert.deepEqual(delegate.log, []);
  });

  it('start nothing while they are awaited', async () => {
    const { callbacks, call, notify, delegate } = scriptedCallbacks();
    void call('block');
    const cancelled = callbacks.cancel('terminate');
    void call('echo');
    void notify('hello');
    await cancelled;
    assert.equal(delegate.calls.length, 1);
    assert.equal(delegate.notifications.length, 0);
  });

  it('cannot start another from inside their abort listener', async () => {
    const { callbacks, call, delegate } = scriptedCallbacks((_call, signal) => {
      signal.addEventListener('abort', () => void call('echo'));
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)));
    });
    void call('any');
    await callbacks.cancel('terminate');
    assert.equal(delegate.calls.length, 1);
  });
});

describe('Callbacks of a program that ended', () => {
  it('end at once if there are none', async () => {
    await assertNoTimersLeft(async () => {
      const { callbacks } = scriptedCallbacks();
      assert.equal(await callbacks.drain(30_000), 0);
    });
  });

  it('are awaited if they are notifications, and only then are tools cancelled', async () => {
    const { callbacks, call, notify, delegate } = scriptedCallbacks();
    void call('block');
    void notify('block');
    const drained = callbacks.drain(30_000);
    assert.equal(await isSettled(drained), false);
    assert.deepEqual(delegate.log, ['1 tool-1 started', '1 note block started']);
    delegate.notes.release();
    assert.equal(await drained, 0);
    assert.deepEqual(delegate.log.slice(2), [
      '1 note block finished',
      '1 tool-1 cancelled: completion',
      '1 tool-1 finished',
    ]);
  });

  it('are awaited one notification after another', async () => {
    const { callbacks, notify, delegate } = scriptedCallbacks();
    times(3, () => notify('block'));
    const drained = callbacks.drain(30_000);
    for (let left = 3; left > 0; left -= 1) {
      assert.equal(await isSettled(drained), false);
      delegate.notes.release();
    }
    assert.equal(await drained, 0);
  });

  it('have drainMs and then 100 ms', async (t) => {
    const pass = fakeClock(t);
    const { callbacks, call, notify, delegate, counts } = scriptedCallbacks();
    void call('stubborn');
    times(2, () => notify('stubborn'));
    const drained = callbacks.drain(5_000);
    await pass(4_999);
    assert.equal(
      delegate.signals.every(({ aborted }) => !aborted),
      true,
    );
    await pass(1);
    assert.ok(delegate.log.includes('1 tool-1 cancelled: drain-timeout'));
    await pass(99);
    assert.equal(await isSettled(drained), false);
    await pass(1);
    assert.equal(await drained, 2);
    assert.equal(counts.abandoned, 3);
  });

  it('are cut short to 100 ms by a cancellation', async (t) => {
    const pass = fakeClock(t);
    const { callbacks, call, notify, delegate } = scriptedCallbacks();
    void call('stubborn');
    void notify('stubborn');
    const drained = callbacks.drain(30_000);
    await pass(10);
    const cancelled = callbacks.cancel('terminate');
    assert.ok(delegate.log.includes('1 note stubborn cancelled: terminate'));
    await pass(100);
    assert.deepEqual([await isSettled(drained), await isSettled(cancelled)], [true, true]);
    assert.equal(await drained, 0);
  });

  it('leave no timer behind when a cancellation cuts them short', async () => {
    await assertNoTimersLeft(async () => {
      const { callbacks, notify } = scriptedCallbacks();
      void notify('block');
      const drained = callbacks.drain(30_000);
      await callbacks.cancel('terminate');
      await drained;
    });
  });

  it('can take any time if drainMs is infinite', async (t) => {
    const pass = fakeClock(t);
    const { callbacks, notify, delegate } = scriptedCallbacks();
    void notify('block');
    const drained = callbacks.drain(Number.POSITIVE_INFINITY);
    await pass(60_000);
    assert.equal(delegate.signals[0]?.aborted, false);
    delegate.notes.release();
    assert.equal(await drained, 0);
  });

  it('can take as long as drainMs even if that is too long for a timer', async (t) => {
    const pass = fakeClock(t);
    const { callbacks, notify, delegate } = scriptedCallbacks();
    void notify('block');
    void callbacks.drain(2 ** 40);
    await pass(60_000);
    assert.equal(delegate.signals[0]?.aborted, false);
  });

  it('have no time if drainMs is 0', async (t) => {
    const pass = fakeClock(t);
    const { callbacks, notify, delegate } = scriptedCallbacks();
    void notify('block');
    const drained = callbacks.drain(0);
    await pass(1);
    assert.equal(await drained, 1);
    assert.deepEqual(delegate.log.slice(1), [
      '1 note block cancelled: drain-timeout',
      '1 note block finished',
    ]);
  });
});

describe('Tool calls that end', () => {
  it('are reported as succeeded or failed, unless they were abandoned', async (t) => {
    const pass = fakeClock(t);
    const { callbacks, call, ended, delegate } = scriptedCallbacks();
    await call('echo');
    await call('fail');
    void call('stubborn');
    void call('block');
    void callbacks.cancel('terminate');
    await call('echo');
    await settled();
    await pass(100);
    delegate.tools.release(null);
    await settled();
    const want = ['tool-1 true', 'tool-2 false', 'tool-5 false', 'tool-4 false'];
    assert.deepEqual(ended, want);
  });
});

describe('The grace period of cancelled callbacks', () => {
  it('is a constant of one file', () => {
    const folder = new URL('../../../src/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const holders = files
      .filter((name) => name.endsWith('.ts'))
      .filter((name) => {
        const code = withoutComments(readFileSync(new URL(name, folder), 'utf8'));
        return /\b(?:100|1e2|0x64)\b|GRACE_MS\s*=\s*100\b/.test(code);
      });
    assert.deepEqual(holders, ['runtime/grace-period.ts']);
  });

  it('is the only duration that is awaited there', () => {
    const code = ['callbacks', 'grace-period']
      .map((name) => new URL(`../../../src/runtime/${name}.ts`, import.meta.url))
      .map((url) => withoutComments(readFileSync(url, 'utf8')))
      .join('\n');
    const waits = [...code.matchAll(/(?:setTimeout|startTimer)\([^,]+,\s*([^)]+)\)/g)].map(
      ([, ms]) => ms,
    );
    assert.deepEqual(waits.toSorted(), ['GRACE_MS', 'drainMs']);
    assert.equal(code.match(/\b100\b/g)?.length, 1);
  });
});

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
}
