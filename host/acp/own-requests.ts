import { randomBytes } from 'node:crypto';
import { Cancelled } from '../../src/errors.ts';
import { onAbort } from '../../src/waiting/on-abort.ts';
import type { Span } from './lines/json-spans.ts';

/** The longest answer that is read, in bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests of ours to the editor. Their ids begin so that no request of the agent has the same. */
export class OwnRequests {
  readonly #prefix = `cellhost-${randomBytes(8).toString('hex')}-`;
  readonly #waiting = new Map<string, Waiting>();
  readonly #send: (line: string) => void;
  #count = 0;

  /** @param send Writes a line to the editor. */
  constructor(send: (line: string) => void) {
    this.#send = send;
  }

  /** How many are not answered. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Sends a request. When `signal` aborts, the editor is told that nobody waits any more.
   *
   * @throws The signal's reason; an error if the editor answers with one, or not readably.
   */
  async ask(method: string, params: object, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    this.#count += 1;
    const id = `${this.#prefix}${this.#count}`;
    const key = JSON.stringify(id);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(key, { resolve, reject });
    const unlink = onAbort(signal, () => {
      this.#send(line({ method: '$/cancel_request', params: { requestId: id } }));
      reject(signal.reason);
    });
    this.#send(line({ id, method, params }));
    try {
      return await promise;
    } finally {
      unlink();
      this.#waiting.delete(key);
    }
  }

  /** Whether an id is one of ours, answered or not. */
  owns(id: string): boolean {
    return id.startsWith(`"${this.#prefix}`);
  }

  /** Takes an answer. One that nobody waits for has no effect. */
  settle(id: string, text: Buffer, result: Span | undefined): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    try {
      waiting.resolve(readResult(text, result));
    } catch (error) {
      waiting.reject(error);
    }
  }

  /** The editor takes a request back that it was asked: it will not be answered. */
  withdraw(id: string): void {
    this.#waiting.get(id)?.reject(new Error('the editor cancelled the question'));
  }

  /** Fails all that wait. */
  close(): void {
    for (const { reject } of [...this.#waiting.values()]) reject(new Cancelled('shutdown'));
  }
}

function readResult(text: Buffer, result: Span | undefined): unknown {
  if (result === undefined) throw new Error('the editor answered with an error');
  if (result.end - result.start > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
  return JSON.parse(text.toString('utf8', result.start, result.end));
}

function line(message: object): string {
  return JSON.stringify({ jsonrpc: '2.0', ...message });
}
