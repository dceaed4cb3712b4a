import { bytesOfEvent, isLast, type LiveEvent, type LiveEvents } from '../../src/live-events.ts';
import { FrameTooLargeError } from '../connection.ts';

/** How much goes into one message; one event that is larger goes alone. */
const MAX_EVENTS = 1_024;
const MAX_BYTES = 1 << 20;

/** Where events go. */
export interface EventOutlet {
  /** @throws FrameTooLargeError where they do not fit into a frame; nothing was sent then. */
  events(events: readonly LiveEvent[]): void;
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
      send(withWhatIsThere(event, events), outlet);
      await this.#room(outlet);
    }
  }

  /** Waits for no client any more: all ends soon. */
  hurry(): void {
    this.#isHurried = true;
    for (const go of this.#waiting) go();
  }

  async #room(outlet: EventOutlet): Promise<void> {
    const drained = outlet.drained();
    if (drained === undefined || this.#isHurried) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    void drained.then(resolve);
    await promise;
    this.#waiting.delete(resolve);
  }
}

/** An event that no frame can take is told as a gap; only an end cannot be. */
function send(events: readonly LiveEvent[], outlet: EventOutlet): void {
  try {
    outlet.events(events);
  } catch (error) {
    const [only, ...others] = events;
    if (!(error instanceof FrameTooLargeError) || only === undefined) throw error;
    if (others.length > 0) for (const event of events) send([event], outlet);
    else if (isLast(only)) throw error;
    else outlet.events([{ type: 'gap', missed: 1 }]);
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
