import type { Delegate } from '../../src/delegate.ts';
import { type FeedDelivery, type FeedSink, toUpdate } from './session-feed.ts';
import type { SessionUpdate } from './session-updates.ts';

/**
 * The new owner of a session that is handed over: handles the calls and notifications of its
 * programs. `update` gets all other updates.
 */
export interface ProxyTarget extends Delegate {
  /** Must not throw. */
  update?(update: SessionUpdate): void;
}

/**
 * A sink that forwards updates to `target`, in order: first the unread ones, then all later ones.
 * Updates that the target itself causes go behind earlier ones.
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
    // The result may no longer be wanted; its failure is ignored then.
    result.catch(() => {});
    return delivery.reply({ result });
  }
  const update = toUpdate(delivery);
  if (update.type === 'closed')
    void attempt(() => target.cellClosed?.(update.cellId)).catch(ignore);
  else void attempt(() => target.update?.(update)).catch(ignore);
}

/** Turns a synchronous throw of a callback into a rejection. */
async function attempt<T>(work: () => T | Promise<T>): Promise<T> {
  return await work();
}

function ignore(): void {}
