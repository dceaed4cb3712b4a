import { isLargeValue } from '../../../src/json/json-pieces.ts';
import type { PassedCall } from '../../../src/runtime/passed-call.ts';
import { SessionEvent } from '../generated/code-mode.ts';
import { encodeMessage } from '../message-framing.ts';
import { encodeLarge } from './large-encoding.ts';
import type { ServerCall } from './server-call.ts';
import { sizeOf, UnreadBytes } from './unread-bytes.ts';

export type LeaseEvent = NonNullable<SessionEvent['event']>;
type NotificationEvent = Extract<LeaseEvent, { readonly $case: 'notification' }>;

/** Writes events to the stream of a lease, and counts what its client leaves unread. */
export class LeaseEvents {
  readonly #call: ServerCall;
  readonly #unread = new UnreadBytes();
  /** A large notification that is being encoded; others wait behind it. */
  #encoding: Promise<void> | null = null;

  constructor(call: ServerCall) {
    this.#call = call;
  }

  get unreadBytes(): number {
    return this.#unread.bytes;
  }

  /** Nobody waits for room any more. */
  end(): void {
    this.#unread.end();
  }

  write(event: LeaseEvent): void {
    const message = encodeMessage(SessionEvent, { event });
    this.#call.send(message, this.#unread.add(message.length));
  }

  /**
   * A notification is delivered when there was room to write it.
   *
   * @param make Makes its event then. @throws Why it cannot be delivered.
   */
  notify(make: () => NotificationEvent, passed: PassedCall): void {
    if (passed.reason !== null) return passed.failed(passed.reason);
    const full = this.#unread.drained() ?? this.#encoding ?? undefined;
    if (full === undefined) return this.#notifyNow(make, passed);
    passed.listener = { cancelled: (reason) => passed.failed(reason) };
    void full.then(() => passed.reason === null && this.notify(make, passed));
  }

  #notifyNow(make: () => NotificationEvent, passed: PassedCall): void {
    passed.listener = null;
    const done = () => passed.answered(undefined);
    try {
      const event = make();
      if (isLargeValue(event.value.text)) {
        return void this.#writeLarge(event).then(done, (error) => passed.failed(error));
      }
      this.write(event);
    } catch (error) {
      return passed.failed(error);
    }
    done();
  }

  async #writeLarge(event: NotificationEvent): Promise<void> {
    const over = this.#unread.add(event.value.text.length);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#encoding = promise;
    try {
      const message = await encodeLarge(SessionEvent, { event });
      this.#call.send(message, this.#unread.add(sizeOf(message)));
    } finally {
      this.#encoding = null;
      resolve();
      over();
    }
  }
}
