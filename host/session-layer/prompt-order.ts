/**
 * Puts the calls and notifications of a prompt in order with its output.
 *
 * The two arrive separately: requests at a delegate, output with the live events of the cell. The
 * events also report each request, so a request waits here until its event arrives. Its place does
 * not depend on which of the two is faster.
 *
 * While no update is read, requests pass at once (`flush`). When no more events can arrive, all later
 * requests pass at once too (`giveUp`).
 */
export class PromptOrder {
  readonly #isFull: () => boolean;
  /** Requests whose event has not arrived, oldest first. */
  readonly #waiting = new Map<string, () => void>();
  /** Calls whose event has arrived before the call itself. */
  readonly #announced = new Set<string>();
  /** How many notifications, and how many of their events, have arrived. */
  #sent = 0;
  #notified = 0;
  #isGivenUp = false;
  #isOver = false;
  #close: (() => void) | null = null;

  /** @param isFull Whether the reader is full, so that a request would wait too long. */
  constructor(isFull: () => boolean) {
    this.#isFull = isFull;
  }

  /** A call was made. `pass` is called in its turn. */
  call(callId: string, pass: () => void): void {
    const isDue = this.#announced.delete(callId);
    this.#enter(callId, isDue, pass);
  }

  /** A notification was sent. `pass` is called in its turn. */
  notification(pass: () => void): void {
    this.#sent += 1;
    this.#enter(noteKey(this.#sent), this.#sent <= this.#notified, pass);
  }

  /** All callbacks of the cell have ended. `pass` is called after the end of the prompt. */
  closed(pass: () => void): void {
    if (this.#isOver) pass();
    else this.#close = pass;
  }

  /** The event of this call has arrived. */
  reachCall(callId: string): void {
    if (!this.#pass(callId)) this.#announced.add(callId);
  }

  /** The event for the end of this call has arrived: the call can no longer be made. */
  endCall(callId: string): void {
    this.#announced.delete(callId);
  }

  /** The event of the next notification has arrived. */
  reachNotification(): void {
    this.#notified += 1;
    this.#pass(noteKey(this.#notified));
  }

  /** Passes on all waiting requests. */
  flush(): void {
    for (const key of [...this.#waiting.keys()]) this.#pass(key);
  }

  /** No more events arrive: all requests pass from now on. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#announced.clear();
    this.flush();
  }

  /** The end of the prompt was sent. */
  end(): void {
    this.#isOver = true;
    this.#close?.();
    this.#close = null;
  }

  #enter(key: string, isDue: boolean, pass: () => void): void {
    if (!isDue && !this.#isGivenUp && !this.#isFull()) this.#waiting.set(key, pass);
    else pass();
  }

  #pass(key: string): boolean {
    const pass = this.#waiting.get(key);
    this.#waiting.delete(key);
    pass?.();
    return pass !== undefined;
  }
}

function noteKey(number: number): string {
  return `notification ${number}`;
}
