import type { Delegate } from '../../src/delegate.ts';
import type { CellEvent, OutputItem } from '../../src/events.ts';

/**
 * A cell of a host, at its client: its delegate, and what arrived for callers that had stopped waiting,
 * so that the next caller gets it.
 */
export class RemoteCell {
  readonly delegate: Delegate;
  #items: OutputItem[] = [];
  #end: CellEvent | null = null;
  #abandoned: Promise<void> = Promise.resolve();
  /** The latest reported frontier, and the earlier output that was reported with it. */
  #shown: { readonly generation: number; readonly items: readonly OutputItem[] } | null = null;
  #isAbandoning = 0;
  #isClosed = false;

  constructor(delegate: Delegate) {
    this.delegate = delegate;
  }

  /** Whether its delegate was notified that it is closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @returns Whether it was open. */
  close(): boolean {
    const wasOpen = !this.#isClosed;
    this.#isClosed = true;
    return wasOpen;
  }

  /** What a caller has to wait for: an aborted wait that the host has not answered. */
  get settled(): Promise<void> | undefined {
    return this.#isAbandoning === 0 ? undefined : this.#abandoned;
  }

  /** A caller stopped waiting; what still arrives for it is kept. */
  abandon(answer: Promise<CellEvent>): void {
    this.#isAbandoning += 1;
    const before = this.#abandoned;
    const kept = answer.then(
      (event) => this.#keep(event),
      () => {},
    );
    this.#abandoned = Promise.all([before, kept]).then(() => {
      this.#isAbandoning -= 1;
    });
  }

  /** Takes an unclaimed end. */
  takeEnd(): CellEvent | null {
    const end = this.#end;
    this.#end = null;
    return end;
  }

  /** The event with the output that arrived for earlier callers. A frontier has the same output each time. */
  complete(event: CellEvent): CellEvent {
    if (event.type === 'missing') return event;
    const isSame = event.type === 'pending' && event.generation === this.#shown?.generation;
    const before = isSame ? [...(this.#shown?.items ?? []), ...this.#items] : this.#items;
    this.#items = [];
    this.#shown = event.type === 'pending' ? { ...event, items: before } : null;
    return before.length === 0 ? event : { ...event, items: [...before, ...event.items] };
  }

  /** An unclaimed frontier remains at the host, with its output. */
  #keep(event: CellEvent): void {
    if (event.type === 'completed' || event.type === 'terminated') this.#end = event;
    else if (event.type === 'yielded') this.#items.push(...event.items);
  }
}
