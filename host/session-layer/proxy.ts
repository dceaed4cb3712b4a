import type { Delegate } from '../../src/delegate.ts';
import { type FeedDelivery, type FeedSink, toUpdate } from './session-feed.ts';
import type { SessionUpdate } from './session-updates.ts';

/**
 * Who takes a session over: does what its programs ask for, and may want to know the rest, which is
 * what nobody had read: output and ends of prompts, and what handlers of tools were called.
 */
export interface ProxyTarget extends Delegate {
  /** Must not throw. */
  update?(update: SessionUpdate): void;
}

/**
 * A sink that hands everything on to `target`, in order: first what nobody had read, then what
 * comes. What the target brings about by that stands behind what came before it.
 */
export function forwardTo(target: ProxyTarget, unread: readonly FeedDelivery[]) {
  const line = [...unread];
  let isForwarding = false;
  const pump = () => {
    if (isForwarding) return;
    isForwarding = true;
    for (let next = line.shift(); next !== undefined; next = line.shift()) forward(next, target);
    isForwarding = false;
  };
  const sink: FeedSink = (delivery) => {
    line.push(delivery);
    pump();
  };
  return { sink, pump };
}

function forward(delivery: FeedDelivery, target: ProxyTarget): void {
  if (delivery.kind === 'request') {
    const { message } = delivery;
    const { signal } = message;
    const result =
      message.type === 'call'
        ? attempt(() => target.invokeTool(message.call, signal))
        : attempt(() => target.notify(message.notification, signal));
    // Nobody may want it any more; then a failure is nobody's.
    result.catch(() => {});
    return delivery.reply({ result });
  }
  const update = toUpdate(delivery);
  if (update.type === 'closed')
    void attempt(() => target.cellClosed?.(update.cellId)).catch(ignore);
  else void attempt(() => target.update?.(update)).catch(ignore);
}

/** What a callback throws in place comes by the promise too. */
async function attempt<T>(work: () => T | Promise<T>): Promise<T> {
  return await work();
}

function ignore(): void {}
