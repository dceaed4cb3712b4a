import { CodeModeError } from '../../src/errors.ts';
import type { ActiveSession } from './active-session.ts';
import type { SessionUpdate } from './session-updates.ts';
import { UpdateReader } from './update-reader.ts';

/**
 * A session that nobody knows of yet: whoever subscribes now hears of it from its first update on.
 * Nothing is sent, started or registered before `start`.
 */
export class PreparedSession implements Disposable {
  readonly #start: (reader: UpdateReader) => Promise<ActiveSession>;
  readonly #reader = new UpdateReader();
  #isUsed = false;

  constructor(start: (reader: UpdateReader) => Promise<ActiveSession>) {
    this.#start = start;
  }

  /** Has every update told to `listener` when it comes. @returns Ends that. */
  subscribe(listener: (update: SessionUpdate) => void): () => void {
    return this.#reader.subscribe(listener);
  }

  /** Starts it, once. @throws `invalid_argument` where it was started or dropped; as `createSession`. */
  async start(): Promise<ActiveSession> {
    if (this.#isUsed) {
      throw new CodeModeError('invalid_argument', 'Cannot start a session twice');
    }
    this.#isUsed = true;
    return this.#start(this.#reader);
  }

  /** Drops it; one that was started is not touched. */
  [Symbol.dispose](): void {
    this.#isUsed = true;
  }
}
