import { frameOf } from '../message-framing.ts';
import type { ServerCall } from './server-call.ts';

/** A message without fields, with its prefix. */
const NO_FIELDS = frameOf(0);

/** Answers a call of a method whose answer says no more than that it is done. */
export function answerDone(call: ServerCall): void {
  call.send(NO_FIELDS, () => {});
  call.end();
}

/**
 * Answers calls that nobody waits for, and of which there may be very many: at the end of the turn,
 * after what they brought was passed on, and all of the turn together.
 */
export class Receipts {
  #due: ServerCall[] = [];

  add(call: ServerCall): void {
    if (this.#due.push(call) === 1) setImmediate(() => this.#send());
  }

  #send(): void {
    const due = this.#due;
    this.#due = [];
    for (const call of due) answerDone(call);
  }
}
