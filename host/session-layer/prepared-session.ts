import { CodeModeError } from '../../src/errors.ts';
import type { ActiveSession } from './active-session.ts';
import type { SessionUpdate } from './session-updates.ts';
import { UpdateReader } from './update-reader.ts';

/**
 * A session that has not been started. Subscribe first to get every update from the first one on.
 * Nothing is sent, started or registered before `start`.
 */
export class PreparedSession implements Disposable {
  readonly #start: (reader: UpdateReader) => Promise<ActiveSession>;
  readonly #reader = new UpdateReader();
  #isUsed = false;

  /** @internal */
  constructor(start: (reader: UpdateReader) => Promise<ActiveSession>) {
    this.#start = start;
  }

  /** Calls `listener` with every update when it arrives. @returns Unsubscribes. */
  subscribe(listener: (update: SessionUpdate) => void): () => void {
    return this.#reader.subscribe(listener);
  }

  /** Starts the session. @throws `invalid_argument` if it was started or disposed before; like `createSession`. */
  async start(): Promise<ActiveSession> {
    if (this.#isUsed) {
      throw new CodeModeError('invalid_argument', 'Cannot start a session twice');
    }
    this.#isUsed = true;
    return this.#start(this.#reader);
  }

  /** Makes `start` fail. Does not affect a session that was started. */
  [Symbol.dispose](): void {
    this.#isUsed = true;
  }
}
