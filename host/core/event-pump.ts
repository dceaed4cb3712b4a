import { CodeModeError } from '../../src/errors.ts';
import { bytesOfEvent, isLast, type LiveEvent, type LiveEvents } from '../../src/live-events.ts';

/** How much one message carries; a larger event is sent alone. */
const MAX_EVENTS = 1_024;
const MAX_BYTES = 1 << 20;

/** Sends events over one wire. */
export interface EventOutlet {
  /**
   * @returns Resolves when they were sent; undefined if they were sent synchronously.
   * @throws `limit_exceeded` if they are too large for a message; nothing was sent then.
   */
  events(events: readonly LiveEvent[]): Promise<void> | undefined;
  /** What to wait for before sending more; undefined if there is room. */
  drained(): Promise<void> | undefined;
}

/**
 * Sends the events of cells to a client as they happen. While the client does not read, it waits;
 * the record of the cell then keeps or drops events, as for any slow subscriber.
 */
export class EventPump {
  readonly #waiting = new Set<() => void>();
  #isHurried = false;

  /** Sends all events, the last one too. @throws The failure of the events; why they cannot be sent. */
  async run(events: LiveEvents, outlet: EventOutlet): Promise<void> {
    for await (const event of events) {
      // Another subscription may have used the room that both waited for, so look again.
      for (let full = this.#full(outlet); full !== undefined; full = this.#full(outlet)) await full;
      await send(withAvailable(event, events), outlet);
    }
  }

  /** Stops waiting for the client, because the session is closing. */
  hurry(): void {
    this.#isHurried = true;
    for (const go of this.#waiting) go();
  }

  /** What to wait for; undefined if there is room, or no time. */
  #full(outlet: EventOutlet): Promise<void> | undefined {
    const drained = this.#isHurried ? undefined : outlet.drained();
    if (drained === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    void drained.then(resolve);
    return promise.finally(() => this.#waiting.delete(resolve));
  }
}

/** Replaces an event that is too large for a message by a gap. An end cannot be replaced. */
async function send(events: readonly LiveEvent[], outlet: EventOutlet): Promise<void> {
  try {
    await outlet.events(events);
  } catch (error) {
    const [only, ...others] = events;
    if (!isTooLarge(error) || only === undefined) throw error;
    if (others.length > 0) for (const event of events) await send([event], outlet);
    else if (isLast(only)) throw error;
    else await outlet.events([{ seq: only.seq, atMs: only.atMs, type: 'gap', missed: 1 }]);
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof CodeModeError && error.code === 'limit_exceeded';
}

function withAvailable(first: LiveEvent, events: LiveEvents): readonly LiveEvent[] {
  const all = [first];
  let bytes = bytesOfEvent(first);
  while (all.length < MAX_EVENTS && bytes < MAX_BYTES) {
    const event = events.take();
    if (event === undefined) break;
    all.push(event);
    bytes += bytesOfEvent(event);
  }
  return all;
}
