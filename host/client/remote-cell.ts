import type { Delegate } from '../../src/delegate.ts';
import type { CellEvent, OutputItem } from '../../src/events.ts';

/**
 * What a client keeps of one cell: whom its callbacks go to, and what came for callers who had given
 * up, so that the next one gets it.
 */
export class RemoteCell {
  readonly delegate: Delegate;
  #items: OutputItem[] = [];
  #end: CellEvent | null = null;
  #abandoned: Promise<void> = Promise.resolve();
  /** The frontier that was told last, and the output of others that was told with it. */
  #shown: { readonly generation: number; readonly items: readonly OutputItem[] } | null = null;
  #isAbandoning = 0;
  #isClosed = false;

  constructor(delegate: Delegate) {
    this.delegate = delegate;
  }

  /** Whether its delegate was told that it is closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @returns Whether it was open. */
  close(): boolean {
    const wasOpen = !this.#isClosed;
    this.#isClosed = true;
    return wasOpen;
  }

  /** What a caller has to wait for: an abandoned wait that the host has not answered. */
  get settled(): Promise<void> | undefined {
    return this.#isAbandoning === 0 ? undefined : this.#abandoned;
  }

  /** A caller gave up; what still comes for it is kept. */
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

  /** An end that nobody has taken; taken by this. */
  takeEnd(): CellEvent | null {
    const end = this.#end;
    this.#end = null;
    return end;
  }

  /** The event with the output that came for others before. A frontier shows the same each time. */
  complete(event: CellEvent): CellEvent {
    if (event.type === 'missing') return event;
    const isSame = event.type === 'pending' && event.generation === this.#shown?.generation;
    const before = isSame ? [...(this.#shown?.items ?? []), ...this.#items] : this.#items;
    this.#items = [];
    this.#shown = event.type === 'pending' ? { ...event, items: before } : null;
    return before.length === 0 ? event : { ...event, items: [...before, ...event.items] };
  }

  /** A frontier that nobody took is still there at the host, with its output. */
  #keep(event: CellEvent): void {
    if (event.type === 'completed' || event.type === 'terminated') this.#end = event;
    else if (event.type === 'yielded') this.#items.push(...event.items);
  }
}
