import { bytesOfEvent, type LiveEvent } from '../live-events.ts';

const MAX_ITEMS = 4_096;
const MAX_BYTES = 4 << 20;

/** Events that a subscriber has not taken yet, oldest first. Whoever fills it stops when it is full. */
export class EventInbox {
  #events: LiveEvent[] = [];
  /** The first that was not taken. */
  #next = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#next === this.#events.length;
  }

  /** 4,096 events, or 4 MiB, are there. */
  get isFull(): boolean {
    return this.#events.length - this.#next >= MAX_ITEMS || this.#bytes >= MAX_BYTES;
  }

  push(event: LiveEvent): void {
    this.#events.push(event);
    this.#bytes += bytesOfEvent(event);
  }

  take(): LiveEvent | undefined {
    const event = this.#events[this.#next];
    if (event === undefined) return undefined;
    this.#bytes -= bytesOfEvent(event);
    this.#next += 1;
    if (this.isEmpty) {
      this.#events = [];
      this.#next = 0;
    }
    return event;
  }
}
