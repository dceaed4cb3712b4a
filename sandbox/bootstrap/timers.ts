import type { Bridge, GuestLimits } from './bridge-types.ts';
import type { Failures } from './failures.ts';
import type { Intrinsics } from './intrinsics.ts';

/** `setTimeout` and `clearTimeout`. Uses nothing from outside itself. */
export function makeTimers(k: Intrinsics, failures: Failures, bridge: Bridge, limits: GuestLimits) {
  const callbacks = new k.Map();
  let last = 0;
  let pending = 0;

  function delayOf(delay: unknown): number {
    if (delay === undefined) return 0;
    try {
      const ms = k.trunc(typeof delay === 'number' ? delay : k.Number(delay as number));
      return ms > 0 && ms < 1 / 0 ? ms : 0;
    } catch (error) {
      return failures.rethrow(error);
    }
  }

  function setTimeout(callback: unknown, delay: unknown): number {
    if (typeof callback !== 'function')
      return failures.fail('setTimeout expects a function callback');
    const ms = delayOf(delay);
    if (pending >= limits.maxTimers) {
      return failures.fail(
        `setTimeout: the cell has ${pending} pending timers, the limit is ${limits.maxTimers} (maxTimers)`,
      );
    }
    last += 1;
    pending += 1;
    k.mapSet(callbacks, last, callback);
    bridge.up('timer', last, ms);
    return last;
  }

  function clearTimeout(timer: unknown): void {
    if (timer === undefined || timer === null) return;
    let id: number;
    try {
      id = k.trunc(k.Number(timer as number));
    } catch {
      return failures.fail('clearTimeout expects a numeric timeout id');
    }
    if (!k.mapHas(callbacks, id)) return;
    k.mapDelete(callbacks, id);
    pending -= 1;
    bridge.up('clear', id);
  }

  /** Runs the callback of this timer, unless it was cleared meanwhile. */
  function fire(id: number): void {
    const callback = k.mapGet(callbacks, id) as (() => void) | undefined;
    if (callback === undefined) return;
    k.mapDelete(callbacks, id);
    pending -= 1;
    callback();
  }

  return { __proto__: null, setTimeout, clearTimeout, fire };
}
