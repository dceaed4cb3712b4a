import { bytesOfEvent, isLast, type LiveEvent, type LiveEvents } from '../../src/live-events.ts';
import { FrameTooLargeError } from '../wire/connection.ts';

/** How much goes into one message; one event that is larger goes alone. */
const MAX_EVENTS = 1_024;
const MAX_BYTES = 1 << 20;

/** Where events go. */
export interface EventOutlet {
  /**
   * @returns Resolves when they were sent; undefined where they were sent in place.
   * @throws FrameTooLargeError where they do not fit into a frame; nothing was sent then.
   */
  events(events: readonly LiveEvent[]): Promise<void> | undefined;
  /** What to wait for before sending more; undefined where there is room. */
  drained(): Promise<void> | undefined;
}

/**
 * Sends the events of cells to a client as they come. While the client does not read it waits, and
 * what happens meanwhile is kept, or dropped and told, as for any subscriber who does not keep up.
 */
export class EventPump {
  readonly #waiting = new Set<() => void>();
  #isHurried = false;

  /** Sends all there is, to the end. @throws What the events fail with; why they, or the end, cannot be sent. */
  async run(events: LiveEvents, outlet: EventOutlet): Promise<void> {
    for await (const event of events) {
      // Of those who wait for the same room the first takes it, so that it is looked for again.
      for (let full = this.#full(outlet); full !== undefined; full = this.#full(outlet)) await full;
      await send(withWhatIsThere(event, events), outlet);
    }
  }

  /** Waits for no client any more: all ends soon. */
  hurry(): void {
    this.#isHurried = true;
    for (const go of this.#waiting) go();
  }

  /** What to wait for; undefined where there is room, or no time. */
  #full(outlet: EventOutlet): Promise<void> | undefined {
    const drained = this.#isHurried ? undefined : outlet.drained();
    if (drained === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    void drained.then(resolve);
    return promise.finally(() => this.#waiting.delete(resolve));
  }
}

/** An event that no frame can take is told as a gap; only an end cannot be. */
async function send(events: readonly LiveEvent[], outlet: EventOutlet): Promise<void> {
  try {
    await outlet.events(events);
  } catch (error) {
    const [only, ...others] = events;
    if (!(error instanceof FrameTooLargeError) || only === undefined) throw error;
    if (others.length > 0) for (const event of events) await send([event], outlet);
    else if (isLast(only)) throw error;
    else await outlet.events([{ seq: only.seq, atMs: only.atMs, type: 'gap', missed: 1 }]);
  }
}

function withWhatIsThere(first: LiveEvent, events: LiveEvents): readonly LiveEvent[] {
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
