import { abortable } from 'abort-controller-x';
import {
  type Card,
  type CardEnd,
  cardAllowed,
  cardEnded,
  cardMade,
  cardOfMissed,
} from './editor-messages.ts';
import type { AcpVersion } from './folded-servers.ts';

/** Calls between two turns of which each is shown in the next one; the others are counted. */
const MAX_MISSED = 50;

interface LiveCard {
  readonly card: Card;
  status: 'pending' | 'in_progress';
  isShown: boolean;
}

interface MissedEnd {
  readonly card: Card;
  readonly end: CardEnd;
  readonly isShown: boolean;
}

/**
 * The calls of one session as the editor sees them. It is told of them while a turn is open; what
 * happened between turns is shown, shortened, when the next one opens.
 */
export class TurnBoard {
  readonly #version: AcpVersion;
  readonly #newId: () => string;
  readonly #send: (update: object) => void;
  readonly #live = new Map<string, LiveCard>();
  #missed: MissedEnd[] = [];
  #uncounted = 0;
  #isOpen = false;
  #opened = Promise.withResolvers<void>();

  /**
   * @param newId Makes an id of a card.
   * @param send Sends an update of the session to the editor.
   */
  constructor(version: AcpVersion, newId: () => string, send: (update: object) => void) {
    this.#version = version;
    this.#newId = newId;
    this.#send = send;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A call begins, or must be allowed first. */
  begin(card: Card, status: 'pending' | 'in_progress'): void {
    this.#live.set(card.id, { card, status, isShown: this.#isOpen });
    if (this.#isOpen) this.#send(cardMade(this.#version, card, status));
  }

  /** A call was allowed. */
  allow({ id }: Card): void {
    const live = this.#live.get(id);
    if (live === undefined) return;
    live.status = 'in_progress';
    if (this.#isOpen && live.isShown) this.#send(cardAllowed(live.card));
  }

  /** A call ended. */
  end({ id }: Card, end: CardEnd): void {
    const live = this.#live.get(id);
    if (live === undefined) return;
    this.#live.delete(id);
    const { card, isShown } = live;
    if (this.#isOpen) this.#send(cardEnded(this.#version, card, end));
    // The end of a card that is open in the editor must come at last.
    else if (isShown || this.#missed.length < MAX_MISSED) {
      // No more is shown of it than how it ended.
      const brief = { ...card, inputJson: '{}' };
      this.#missed.push({ card: brief, end: { ...end, text: '' }, isShown });
    } else this.#uncounted += 1;
  }

  /** A turn begins: what happened since the last one is shown. Has no effect in an open one. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    for (const missed of this.#missed) this.#showMissed(missed);
    if (this.#uncounted > 0) this.#showUncounted();
    this.#missed = [];
    for (const live of this.#live.values()) {
      if (!live.isShown) this.#send(cardMade(this.#version, live.card, live.status, true));
      live.isShown = true;
    }
    this.#opened.resolve();
  }

  /** The turn is over. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#opened = Promise.withResolvers();
  }

  /** Resolves when a turn is open. @throws An `AbortError` when `signal` aborts. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    while (!this.#isOpen) await abortable(signal, this.#opened.promise);
  }

  #showMissed({ card, end, isShown }: MissedEnd): void {
    this.#send(
      isShown
        ? cardEnded(this.#version, card, end, true)
        : cardMade(this.#version, card, end.status, true),
    );
  }

  #showUncounted(): void {
    this.#send(cardOfMissed(this.#version, this.#newId(), this.#uncounted));
    this.#uncounted = 0;
  }
}
