import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';

/** Asserts that nobody listens to these signals any more. */
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
