import { bytesOfEvent, type LiveEvent, type LiveEvents } from '../../src/live-events.ts';

/** How much goes into one message; one event that is larger goes alone. */
const MAX_EVENTS = 1_024;
const MAX_BYTES = 1 << 20;

/** Where events go. */
export interface EventOutlet {
  /** @throws Where they do not fit into a frame. */
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

  /** Sends all there is, to the end. @throws What the events fail with; why they cannot be sent. */
  async run(events: LiveEvents, outlet: EventOutlet): Promise<void> {
    for await (const event of events) {
      outlet.events(withWhatIsThere(event, events));
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
