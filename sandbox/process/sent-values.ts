import type { FrameWriter } from './frames.ts';
import { Down } from './message-kinds.ts';
import { valueParts } from './value-parts.ts';

/** Length of the values in one frame, in UTF-16 units, unless one alone is longer. */
const FRAME_LENGTH = 1 << 20;

interface KnownSession {
  readonly id: number;
  values: ReadonlyMap<string, string>;
}

/** The stored values that a sandbox process already has, so that only changes are sent. */
export class SentValues {
  readonly #writer: FrameWriter;
  readonly #sessions = new Map<symbol, KnownSession>();
  #lastId = 0;

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** How many sessions it knows. */
  get size(): number {
    return this.#sessions.size;
  }

  get sessions(): Iterable<symbol> {
    return this.#sessions.keys();
  }

  has(session: symbol): boolean {
    return this.#sessions.has(session);
  }

  /**
   * Sends the session's values that changed since the last time.
   *
   * @returns The id by which the process knows the session.
   */
  send(session: symbol, values: ReadonlyMap<string, string>): number {
    const known = this.#know(session);
    if (known.values === values) return known.id;
    const changed: string[] = [];
    for (const [key, json] of values) {
      if (known.values.get(key) !== json) changed.push(key, json);
    }
    for (const part of valueParts(changed, FRAME_LENGTH)) {
      this.#writer.send(Down.Values, 0, known.id, 0, ...part);
    }
    known.values = values;
    return known.id;
  }

  /** Makes the process forget a session. */
  forget(session: symbol): void {
    const known = this.#sessions.get(session);
    if (known === undefined) return;
    this.#sessions.delete(session);
    this.#writer.send(Down.EndSession, 0, known.id, 0);
  }

  /** Makes the process forget all sessions but this one. */
  forgetOthers(session: symbol): void {
    for (const other of this.#sessions.keys()) if (other !== session) this.forget(other);
  }

  #know(session: symbol): KnownSession {
    const known = this.#sessions.get(session);
    if (known !== undefined) return known;
    this.#lastId += 1;
    const added = { id: this.#lastId, values: new Map<string, string>() };
    this.#sessions.set(session, added);
    return added;
  }
}
