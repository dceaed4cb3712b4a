/** How many notifications of one cell are kept at most. */
const MAX_NOTES = 128;

/** The notifications of one cell that no answer to a model has shown yet. The oldest are dropped first. */
export class CellNotes {
  #texts: string[] = [];

  get isEmpty(): boolean {
    return this.#texts.length === 0;
  }

  add(text: string): void {
    this.#texts.push(text);
    if (this.#texts.length > MAX_NOTES) this.#texts.shift();
  }

  /** Takes them as a model is shown them, oldest first. */
  take(): readonly string[] {
    const texts = this.#texts;
    this.#texts = [];
    return texts.map((text) => `Notification: ${text}`);
  }
}
