/**
 * Puts what a prompt's program asks for in line with what it shows.
 *
 * The two reach this side by different ways: requests come to a delegate, output comes with the live
 * events of the cell. The events also tell when the program asked for something, so a request waits
 * here until they have come to it. Its place does not depend on which way is faster.
 *
 * Requests are passed on at once while nobody reads (`flush`), and for good when the events can tell
 * nothing more (`giveUp`).
 */
export class PromptOrder {
  readonly #isFull: () => boolean;
  /** Requests that the events have not come to, oldest first. */
  readonly #waiting = new Map<string, () => void>();
  /** Calls that the events have come to and that were not made here, yet. */
  readonly #announced = new Set<string>();
  /** How many notifications were sent here, and how many the events have come to. */
  #sent = 0;
  #notified = 0;
  #isGivenUp = false;
  #isOver = false;
  #close: (() => void) | null = null;

  /** @param isFull Whether nobody reads, so that a request would wait for longer than it may. */
  constructor(isFull: () => boolean) {
    this.#isFull = isFull;
  }

  /** A call was made: `pass` is called when it is its turn. */
  call(callId: string, pass: () => void): void {
    const isDue = this.#announced.delete(callId);
    this.#enter(callId, isDue, pass);
  }

  /** A notification was sent: `pass` is called when it is its turn. */
  notification(pass: () => void): void {
    this.#sent += 1;
    this.#enter(noteKey(this.#sent), this.#sent <= this.#notified, pass);
  }

  /** No callback of the cell runs any more: `pass` is called behind the end of the prompt. */
  closed(pass: () => void): void {
    if (this.#isOver) pass();
    else this.#close = pass;
  }

  /** The events have come to this call. */
  reachCall(callId: string): void {
    if (!this.#pass(callId)) this.#announced.add(callId);
  }

  /** The events have come to the end of this call: it is not made here any more. */
  endCall(callId: string): void {
    this.#announced.delete(callId);
  }

  /** The events have come to the next notification. */
  reachNotification(): void {
    this.#notified += 1;
    this.#pass(noteKey(this.#notified));
  }

  /** Passes on all that waits. */
  flush(): void {
    for (const key of [...this.#waiting.keys()]) this.#pass(key);
  }

  /** The events tell nothing any more: nothing waits from now on. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#announced.clear();
    this.flush();
  }

  /** The end of the prompt was told. */
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
