import { CodeModeError } from '../../src/errors.ts';
import { startTimer } from '../../src/waiting/timer.ts';

/** Where answers go, on any wire. */
export interface AnswerOutlet {
  /** Names the other end, for people. */
  readonly peer: string;
  /** Whether answers can still be sent. */
  readonly isOpen: boolean;
  /** Bytes of encoded messages that the client has not read. */
  readonly queuedBytes: number;
  /** What to wait for before sending more; undefined if there is room. Also resolves at the end. */
  drained(): Promise<void> | undefined;
  /** Ends it at once, for this reason. */
  fail(error: Error): void;
}

/** An answer that is not encoded yet. */
interface Waiting {
  readonly send: () => Promise<void> | undefined;
  readonly resolve: (sent: Promise<void> | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Bounds the messages that a client leaves unread. While `maxUnreadBytes` of encoded messages are
 * queued, answers wait unencoded, first in, first out. They are sent at the pace at which the client
 * reads, and dropped when their outlet has ended.
 */
export class AnswerQueue {
  readonly #outlet: AnswerOutlet;
  readonly #maxUnreadBytes: number;
  readonly #waiting = new Set<Waiting>();
  #isSending = false;
  #endWithinMs = Number.POSITIVE_INFINITY;
  #deadline: NodeJS.Timeout | undefined;

  constructor(outlet: AnswerOutlet, maxUnreadBytes: number) {
    this.#outlet = outlet;
    this.#maxUnreadBytes = maxUnreadBytes;
  }

  /** Waiting answers. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Sends an answer: synchronously if none waits and there is room, otherwise in its turn.
   *
   * @param send Encodes and sends the answer, later if it is large. Not called when the outlet has ended.
   * @returns Undefined if the answer was sent or dropped synchronously; otherwise resolves when it was.
   * @throws What `send` throws.
   */
  send(send: () => Promise<void> | undefined): Promise<void> | undefined {
    if (!this.#outlet.isOpen) return undefined;
    const hasRoom = this.#outlet.queuedBytes < this.#maxUnreadBytes;
    if (this.#waiting.size === 0 && hasRoom) return send();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add({ send, resolve, reject });
    this.#startDeadline();
    if (!this.#isSending) void this.#sendWaiting();
    return promise;
  }

  /** Fails the outlet if answers still wait after this time, in milliseconds. */
  endWithin(ms: number): void {
    this.#endWithinMs = ms;
    this.#startDeadline();
  }

  async #sendWaiting(): Promise<void> {
    this.#isSending = true;
    for (const waiting of this.#waiting) {
      await this.#room();
      this.#waiting.delete(waiting);
      this.#settle(waiting);
    }
    this.#isSending = false;
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  /** Calls to the client wait for the same room and may use it first, so look again. */
  async #room(): Promise<void> {
    for (;;) {
      const drained = this.#outlet.isOpen ? this.#outlet.drained() : undefined;
      if (drained === undefined) return;
      await drained;
    }
  }

  #settle({ send, resolve, reject }: Waiting): void {
    try {
      resolve(this.#outlet.isOpen ? send() : undefined);
    } catch (error) {
      reject(error);
    }
  }

  #startDeadline(): void {
    if (this.#waiting.size === 0) return;
    this.#deadline ??= startTimer(() => this.#expire(), this.#endWithinMs);
  }

  #expire(): void {
    const { peer } = this.#outlet;
    const text = `Cannot send ${this.#waiting.size} answers to ${peer}: it did not read them within ${this.#endWithinMs} ms`;
    this.#outlet.fail(new CodeModeError('connection_lost', text));
  }
}
