/** Bytes in a pipe from which further answers wait until the process has read some. */
const FULL_BYTES = 4 << 20;

/**
 * Makes the answers to the programs of one process wait while its pipe is full, then lets one go in
 * each turn, program by program.
 *
 * So answers that come together neither fill memory twice nor block this thread.
 */
export class AnswerRoom {
  readonly #unreadBytes: () => number;
  /** The waiting answers by program, in the order of the programs' turns. */
  readonly #waiting = new Map<number, ((hasRoom: boolean) => void)[]>();
  #isPumping = false;

  /** @param unreadBytes How many bytes are in the pipe now. */
  constructor(unreadBytes: () => number) {
    this.#unreadBytes = unreadBytes;
  }

  /** See `SandboxRun.room`. */
  wait(run: number): Promise<boolean> | null {
    if (this.#waiting.size === 0 && !this.#isFull) return null;
    return new Promise((resolve) => {
      const others = this.#waiting.get(run);
      if (others === undefined) this.#waiting.set(run, [resolve]);
      else others.push(resolve);
    });
  }

  /** The process has read what was in its pipe. */
  drained(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#pump();
  }

  /** The program has ended: answers that wait for room in its name resolve with false. */
  leave(run: number): void {
    const waiting = this.#waiting.get(run);
    this.#waiting.delete(run);
    for (const resolve of waiting ?? []) resolve(false);
  }

  get #isFull(): boolean {
    return this.#unreadBytes() >= FULL_BYTES;
  }

  #pump(): void {
    const [first] = this.#waiting;
    this.#isPumping = first !== undefined && !this.#isFull;
    if (first === undefined || !this.#isPumping) return;
    const [run, waiting] = first;
    this.#waiting.delete(run);
    waiting.shift()?.(true);
    if (waiting.length > 0) this.#waiting.set(run, waiting);
    setImmediate(() => this.#pump());
  }
}
