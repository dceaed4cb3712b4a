import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Asserts that these signals have no listeners any more. */
export function assertNoListeners(...signals: readonly AbortSignal[]): void {
  for (const signal of signals) {
    assert.equal(getEventListeners(signal, 'abort').length, 0, 'an abort listener was left behind');
  }
}

/** Timers that keep the process alive. Needs the real clock. */
export function timerCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

/** Runs `body` and asserts that it left no timer behind. Needs the real clock. */
export async function assertNoTimersLeft(body: () => Promise<void>): Promise<void> {
  const before = timerCount();
  await body();
  assert.equal(timerCount(), before, 'a timer was left behind');
}

/** How many of these objects remain after garbage collection. */
export async function countKept(refs: readonly WeakRef<object>[]): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  // A dereferenced object lives until the end of the turn.
  for (let turns = 0; turns < 10; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return refs.filter((ref) => ref.deref() !== undefined).length;
}
